export * from './access';
export { ContextModule, type ContextOptions } from './context/context.module';
export {
  InjectLeases,
  InjectPool,
  InjectProjections,
  leasesToken,
  poolToken,
  projectionsToken,
} from './context/inject';
export type { Lease, Leases } from '@muster/postgres';
export { SERVICE_CONTEXTS, roleOf, type ServiceContext } from './context/service-context';
export { crashPoint } from './crash-point';
export { Public, Roles } from './http/access.decorators';
export { API_PREFIX, Answer, answer, withETag, type AnswerOptions } from './http/answer';
export { ApiProblems } from './http/api-problems.decorator';
export { CommandContext, NewId } from './http/command-context.decorator';
export { NamedDto, NotesDto, RenamedDto } from './http/description.dto';
export { PageQuery, cursorInvalid, pageCursor } from './http/page';
export { newestFirst, type NewestFirstKey, type Page } from './http/newest-first';
export { RawBody } from './http/raw-body.decorator';
export { ReadsModel } from './http/reads-model.decorator';
export { callerOf } from './http/request-scope';
export { watch, type WatchOptions } from './http/watch';
export * from './tokens';
export { createHttpApp, httpAdapter, prepareHttpApp, type HttpAppOptions } from './http/create-http-app';
export { ForeignEventStore } from './known-log';
export { PlatformModule } from './platform.module';
export { LOG_LEVELS, type LogLevel } from './config/log-level';
export { PLATFORM_OPTIONS, adaptersOf, type Adapters, type PlatformOptions } from './platform-options';
export { BackgroundWork, type Worker } from './operations/background-work';
export { Closing } from './operations/closing';
export { Metrics } from './operations/metrics';
export { Dependencies, type DependencyCheck } from './operations/dependencies';
export { readConfig, type Config, type ConfigWith, type Requirable } from './config/config';
export type { KafkaConfig } from './config/kafka-config';
export { ConfigError } from './config/variables';
export { BrokenProcess } from './service/broken-process';
export { runProcess, startProcess, type KeyIssuer, type ServiceDefinition } from './service/start-process';
