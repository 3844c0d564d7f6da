export { AccessModule } from './access.module';
export { BootstrapKeys, type BootstrapKey } from './api-keys/bootstrap-keys';
