import { currentTraceId } from '@muster/tracing';
import { RequestMethod, type DynamicModule } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { Logger, LoggerModule } from 'nestjs-pino';
import type { LogLevel } from '../config/log-level';
import { errorForLog } from './error-for-log';

/** Never written, wherever an object with such a member is logged. */
const SECRETS = ['authorization', 'cookie', 'password', 'secret', 'token', 'apiKey', 'databaseUrl', 'connectionString'];

/** JSON lines with correlation ids; lines for people where the output is a terminal. */
export function loggingModule(level: LogLevel): DynamicModule {
  return LoggerModule.forRoot({
    forRoutes: [{ path: '{*path}', method: RequestMethod.ALL }],
    pinoHttp: {
      level,
      genReqId: (request) => request.id,
      customAttributeKeys: { reqId: 'correlationId' },
      quietReqLogger: true,
      mixin: traceOfLine,
      autoLogging: { ignore: (request) => /^\/(health|metrics)/.test(pathOf(request)) },
      customLogLevel: (_request, response) => (response.statusCode >= 500 ? 'warn' : 'info'),
      // Headers and query strings can hold secrets and personal data: neither is logged.
      serializers: { req: requestForLog, res: responseForLog, err: errorForLog },
      wrapSerializers: false,
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
      ...(process.stdout.isTTY && { stream: forPeople() }),
    },
  });
}

/** Of whatever a line is written in, where that is traced: the way from a log to a trace. */
function traceOfLine(): { readonly traceId?: string } {
  const traceId = currentTraceId();
  return traceId === undefined ? {} : { traceId };
}

/** What Nest says while it starts is of interest to nobody but its debuggers. */
const CHATTY = new Set(['InstanceLoader', 'RouterExplorer', 'RoutesResolver', 'NestFactory', 'NestApplication']);

export class StartupLogger extends Logger {
  override log(message: unknown, ...rest: unknown[]): void {
    if (CHATTY.has(String(rest.at(-1)))) this.debug(message, ...rest);
    else super.log(message, ...rest);
  }
}

export function requestForLog(request: IncomingMessage): Record<string, unknown> {
  return { method: request.method, path: pathOf(request) };
}

/** Without the query. Middleware sees `url` relative to where it is mounted, and the whole in `originalUrl`. */
function pathOf(request: IncomingMessage): string {
  const url = 'originalUrl' in request ? request.originalUrl : request.url;
  return typeof url === 'string' ? (url.split('?', 1)[0] ?? '') : '';
}

function responseForLog(response: ServerResponse): Record<string, unknown> {
  return { status: response.statusCode };
}

const LEVEL_NAMES = new Map([
  [10, 'TRACE'],
  [20, 'DEBUG'],
  [30, 'INFO'],
  [40, 'WARN'],
  [50, 'ERROR'],
  [60, 'FATAL'],
]);

/** `12:00:00 INFO  message {"more":1}` */
export function lineForPeople(json: string): string {
  const { time, level, msg, pid, hostname, ...more } = JSON.parse(json) as Record<string, unknown>;
  const rest = Object.keys(more).length > 0 ? ` ${JSON.stringify(more)}` : '';
  const clock = new Date(Number(time)).toISOString().slice(11, 19);
  return `${clock} ${(LEVEL_NAMES.get(Number(level)) ?? '').padEnd(5)} ${typeof msg === 'string' ? msg : ''}${rest}\n`;
}

function forPeople(): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      process.stdout.write(lineForPeople(chunk.toString()), done);
    },
  });
}
