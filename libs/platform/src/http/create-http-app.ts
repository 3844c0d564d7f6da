import type { DynamicModule, Type } from '@nestjs/common';
import { NestApplicationContextOptions } from '@nestjs/common/interfaces/nest-application-context-options.interface';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { randomUUID } from 'node:crypto';
import { RequestFigures } from '../operations/request-figures';
import { StartupLogger } from '../operations/logging';
import { API_PREFIX } from './answer';
import { MAX_JSON_BYTES, useBodyParsers } from './body-parsers';
import { sendProblem, toProblem } from './problem.filter';
import { serveOpenApi } from './open-api';
import { traceRequests } from './trace-requests';

/** Bodies are read by our own parsers; who starts an app says himself what a failure means. */
const NEST_OPTIONS = Object.assign(new NestApplicationContextOptions(), {
  bodyParser: false,
  bufferLogs: true,
  abortOnError: false,
});

/** Routes outside of {@link API_PREFIX}. */
const UNPREFIXED = ['health/live', 'health/ready', 'metrics'];

export interface HttpAppOptions {
  /** Shown on the API page. */
  readonly title?: string;
}

/**
 * A process's HTTP side, initialised and not listening yet: guard, validation, problems, API page, health and metrics
 * over the modules of `rootModule`, which imports `PlatformModule.forRoot`.
 */
export async function createHttpApp(
  rootModule: Type | DynamicModule,
  options: HttpAppOptions = {},
): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(rootModule, httpAdapter(), NEST_OPTIONS);
  await prepareHttpApp(app, options);
  return app;
}

/** For an app that was made otherwise (a testing module): everything that {@link createHttpApp} sets up. */
export async function prepareHttpApp(app: NestFastifyApplication, options: HttpAppOptions): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  app.useLogger(app.get(StartupLogger));
  traceRequests(fastify);
  useBodyParsers(fastify);
  measureRequests(fastify, app.get(RequestFigures));
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-correlation-id', request.id).header('x-content-type-options', 'nosniff');
    done();
  });
  app.setGlobalPrefix(API_PREFIX, { exclude: UNPREFIXED });
  serveOpenApi(app, fastify, options.title ?? 'Muster');
  await app.init();
  await fastify.ready();
}

export function httpAdapter(): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: MAX_JSON_BYTES,
    genReqId: correlationIdOf,
    requestIdHeader: false,
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(reply, toProblem(error, request.id));
    },
  });
}

/** By the route's pattern, never by its path: ids would make a series each. */
function measureRequests(fastify: FastifyInstance, figures: RequestFigures): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    figures.observeRequest(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
}

/** The caller's `X-Correlation-Id` where it can be passed on as it is, else a new one. */
function correlationIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-correlation-id'];
  return typeof given === 'string' && /^[A-Za-z0-9._:-]{1,100}$/.test(given) ? given : randomUUID();
}
