export { SegmentsModule } from './segments.module';
