/**
 * Who may import whom, by the tags in project.json (CONTRIBUTING.md has it in words). A project must
 * satisfy every rule that matches its tags.
 */
const CONTEXTS = ['access', 'audiences', 'campaigns', 'insights', 'segments'];

/** What a type of project may be built on. */
const MAY_IMPORT = {
  kernel: ['kernel'],
  pure: ['kernel', 'pure'],
  contracts: ['kernel', 'pure', 'contracts'],
  port: ['kernel', 'pure', 'contracts', 'port'],
  events: ['kernel', 'pure', 'contracts', 'port', 'events'],
  domain: ['kernel', 'pure', 'contracts', 'events', 'domain'],
  adapter: ['kernel', 'pure', 'contracts', 'port', 'infrastructure'],
  infrastructure: ['kernel', 'pure', 'contracts', 'port', 'infrastructure', 'adapter'],
  testing: ['kernel', 'pure', 'contracts', 'port', 'infrastructure', 'testing'],
  service: ['kernel', 'pure', 'contracts', 'port', 'infrastructure', 'events', 'domain'],
  app: ['kernel', 'pure', 'contracts', 'port', 'infrastructure', 'adapter', 'events', 'service'],
  // Audits what services have recorded, with the rules themselves and without the services.
  tool: ['kernel', 'pure', 'contracts', 'port', 'infrastructure', 'adapter', 'events', 'domain'],
};

/** What a spec may use beside what it tests: doubles, conformance suites, a database. */
const SPECS_MAY_IMPORT_TOO = {
  kernel: ['testing'],
  pure: ['testing', 'infrastructure'],
  contracts: ['testing'],
  port: ['testing'],
  events: ['testing'],
  domain: ['testing'],
  adapter: ['testing', 'adapter'],
  infrastructure: ['testing'],
  testing: ['adapter'],
  service: ['testing', 'adapter'],
  app: ['testing', 'domain'],
  tool: ['testing', 'service'],
};

/** Types whose code knows no framework, database or broker. */
const FREE_OF_TECHNOLOGY = ['kernel', 'pure', 'contracts', 'port', 'events', 'domain'];
const TECHNOLOGY = [
  '@nestjs/*',
  'nestjs-*',
  'class-transformer',
  'class-validator',
  '@fastify/*',
  'fastify',
  'typeorm',
  'pg',
  'pg-*',
  'kafkajs',
  '@eventstore/*',
  'pino',
  'pino-*',
  'prom-client',
  '@opentelemetry/*',
  'rxjs',
];

const type = (name) => `type:${name}`;

function byType(mayImport, free) {
  return Object.entries(mayImport).map(([name, allowed]) => ({
    sourceTag: type(name),
    onlyDependOnLibsWithTags: allowed.map(type),
    ...(free.includes(name) ? { bannedExternalImports: TECHNOLOGY } : {}),
  }));
}

/** Contexts meet in the contracts; a service's projections may read the events of others. */
const byScope = [
  { sourceTag: 'scope:shared', onlyDependOnLibsWithTags: ['scope:shared'] },
  ...CONTEXTS.flatMap((context) => [
    {
      allSourceTags: [`scope:${context}`, 'type:service'],
      onlyDependOnLibsWithTags: [`scope:${context}`, 'scope:shared', 'type:events'],
    },
    ...['domain', 'events'].map((inner) => ({
      allSourceTags: [`scope:${context}`, type(inner)],
      onlyDependOnLibsWithTags: [`scope:${context}`, 'scope:shared'],
    })),
  ]),
];

const options = {
  allow: [],
  enforceBuildableLibDependency: false,
  banTransitiveDependencies: false,
};

export const dependencyRules = { ...options, depConstraints: [...byType(MAY_IMPORT, FREE_OF_TECHNOLOGY), ...byScope] };

const forSpecs = Object.fromEntries(
  Object.entries(MAY_IMPORT).map(([name, allowed]) => [name, [...allowed, ...SPECS_MAY_IMPORT_TOO[name]]]),
);

/** The condition language is held against a real Postgres: specs of pure libraries may have one. */
const SPECS_FREE_OF_TECHNOLOGY = FREE_OF_TECHNOLOGY.filter((name) => name !== 'pure');

export const specDependencyRules = {
  ...options,
  depConstraints: [...byType(forSpecs, SPECS_FREE_OF_TECHNOLOGY), ...byScope],
};
