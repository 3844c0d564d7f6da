import type { ProblemCode } from '@muster/kernel';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { groupByStatus, problemResponse } from './api-problems.decorator';

/** What any route may answer, whatever it does. */
const EVERYWHERE: readonly ProblemCode[] = ['INTERNAL_ERROR', 'DEPENDENCY_UNAVAILABLE'];
/** ... and any that needs a key. */
const WITH_KEY: readonly ProblemCode[] = ['UNAUTHENTICATED', 'FORBIDDEN', 'VALIDATION_FAILED'];

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** `GET /api/openapi.json` and the page `/api/docs`, both public and without anything from elsewhere. */
export function serveOpenApi(app: INestApplication, fastify: FastifyInstance, title: string): void {
  let document: OpenAPIObject | undefined;
  fastify.get('/api/openapi.json', () => (document ??= describeApi(app, title)));
  const page = (type: string, body: string | Buffer) => ({ type, body });
  const files = {
    '/api/docs': page('text/html; charset=utf-8', DOCS_PAGE),
    '/api/docs/start.js': page('text/javascript; charset=utf-8', DOCS_SCRIPT),
    '/api/docs/swagger-ui.css': page('text/css; charset=utf-8', swaggerUi('swagger-ui.css')),
    '/api/docs/swagger-ui-bundle.js': page('text/javascript; charset=utf-8', swaggerUi('swagger-ui-bundle.js')),
  };
  for (const [path, { type, body }] of Object.entries(files)) {
    fastify.get(path, (_, reply) =>
      reply.header('content-type', type).header('content-security-policy', DOCS_POLICY).send(body),
    );
  }
}

export function describeApi(app: INestApplication, title: string): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle(title)
    .setDescription(
      'Segments, campaigns and exactly stratified audiences. Every refusal is a problem document (RFC 9457) with a `code`.',
    )
    .setVersion('1')
    .setOpenAPIVersion('3.1.0')
    .addSecurity('bearer', { type: 'http', scheme: 'bearer', description: 'An API key: `mk_...`' })
    .addSecurity('apiKey', { type: 'apiKey', in: 'header', name: 'X-Api-Key', description: 'An API key: `mk_...`' })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  document.components ??= {};
  document.components.schemas = { ...document.components.schemas, Problem: PROBLEM_SCHEMA };
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.post, path.put, path.patch, path.delete]) {
      if (operation) completeOperation(operation);
    }
  }
  return document;
}

/** Adds what holds for every route, where the route itself says nothing else. */
function completeOperation(operation: Operation): void {
  const codes = operation.security ? [...WITH_KEY, ...EVERYWHERE] : EVERYWHERE;
  for (const [status, group] of groupByStatus(codes)) {
    const own = operation.responses[String(status)];
    const common = problemResponse(group);
    if (!own) operation.responses[String(status)] = common;
    else if ('content' in own && own.content['application/problem+json']) {
      const body = own.content['application/problem+json'];
      body.examples = { ...body.examples, ...common.content['application/problem+json']?.examples };
      own.description = `${own.description} ${common.description}`;
    }
  }
}

const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'Why a request was refused (RFC 9457), with further members that depend on the code.',
  required: ['type', 'title', 'status', 'code', 'detail', 'correlationId'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string', description: 'The same for every occurrence of the code.' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'What programs branch on.', example: 'VALIDATION_FAILED' },
    detail: { type: 'string', description: 'What happened this time, and what is allowed.' },
    correlationId: { type: 'string', description: 'Also in `X-Correlation-Id` and in the logs.' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: {
          path: { type: 'string', description: 'JSON pointer into the body (or `/name` of a query parameter).' },
          message: { type: 'string' },
          code: { type: 'string' },
        },
      },
    },
  },
};

const DOCS_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";
const DOCS_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Muster API</title>
    <link rel="stylesheet" href="/api/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="api"></div>
    <script src="/api/docs/swagger-ui-bundle.js"></script>
    <script src="/api/docs/start.js"></script>
  </body>
</html>
`;
const DOCS_SCRIPT = `SwaggerUIBundle({ url: '/api/openapi.json', dom_id: '#api', deepLinking: true, persistAuthorization: false });`;

function swaggerUi(file: string): Buffer {
  return readFileSync(join(dirname(require.resolve('swagger-ui-dist/package.json')), file));
}
