import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';

const ROOT = join(__dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface ComposeService {
  readonly image: string;
  readonly build?: { readonly dockerfile: string; readonly args: { readonly SERVICE: string } };
  readonly environment?: Readonly<Record<string, string>>;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, ComposeService>>;
};
const own = Object.entries(compose.services).filter(([, { build }]) => build);
const apps = readdirSync(join(ROOT, 'apps')).filter((name) => existsSync(join(ROOT, 'apps', name, 'src/main.ts')));

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !/\.(spec|fixture|d)\.ts$/.test(entry.name))
    .filter((entry) => !/[/\\](node_modules|dist|testing)([/\\]|$)/.test(entry.parentPath))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
}

describe('docker-compose.yml', () => {
  it('has an image for every app, called after it', () => {
    expect([...new Set(own.map(([, { build }]) => build?.args.SERVICE))].sort()).toEqual([...apps].sort());
    for (const [, { image, build }] of own) {
      expect(image).toBe(`muster/${String(build?.args.SERVICE)}`);
      expect(existsSync(join(ROOT, String(build?.dockerfile)))).toBe(true);
    }
  });

  it('gives the services only variables that they read', () => {
    const known = [...sources('libs/platform/src/config'), ...sources('apps/ops/src')].join('\n');
    const given = new Set(own.flatMap(([, { environment }]) => Object.keys(environment ?? {})));
    expect(given.size).toBeGreaterThan(3);
    for (const name of given) expect(known).toContain(`'${name}'`);
  });

  it('runs what is ours without rights, on a root that cannot be written', () => {
    for (const [name, service] of own) {
      expect([name, service.read_only, service.cap_drop]).toEqual([name, true, ['ALL']]);
      expect(service.security_opt).toContain('no-new-privileges:true');
    }
    expect(read('infra/Dockerfile')).toMatch(/^USER node$/m);
  });

  it('mounts only what is there', () => {
    const mounted = [...read('docker-compose.yml').matchAll(/(\.\/infra\/[^:']+):\//g)].map(([, path]) => String(path));
    expect(mounted.length).toBeGreaterThan(3);
    expect(mounted.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('asks new-env.mjs for every secret that must be set', () => {
    const required = [...read('docker-compose.yml').matchAll(/\$\{(\w+):\?/g)].map(([, name]) => String(name));
    const made = spawnSync(process.execPath, [join(ROOT, 'infra/new-env.mjs')], { encoding: 'utf8' }).stdout;
    expect(required).not.toEqual([]);
    for (const name of required) expect(made).toMatch(new RegExp(`^${name}=[\\w-]{32,}$`, 'm'));
  });
});

/** Paths by the service that the proxy sends them to. */
const matchers = new Map(
  [...read('infra/Caddyfile').matchAll(/^\s*@(\w+) path (.+)$/gm)].map(([, service, paths]) => [
    String(service),
    String(paths).split(' '),
  ]),
);

describe('the proxy', () => {
  /** First parts of the paths that the controllers of a library answer. Those written as constants are internal. */
  function prefixes(library: string): string[] {
    const found = sources(library).flatMap((source) => {
      const [, path] = /@Controller\((?:'([^']*)')?\)/.exec(source) ?? [];
      if (path !== undefined) return [path];
      if (!source.includes('@Controller()')) return [];
      return [...source.matchAll(/@(?:Get|Post|Put|Patch|Delete)\('([^']+)'/g)].map(([, route]) => String(route));
    });
    return [...new Set(found.map((path) => path.split('/', 1)[0] ?? ''))].sort();
  }

  it.each(['segments', 'campaigns', 'audiences', 'insights'])('sends every public path of %s there', (service) => {
    const expected = prefixes(`libs/${service}/service/src`);
    expect(expected).not.toEqual([]);
    for (const prefix of expected) {
      expect(matchers.get(service)).toEqual(expect.arrayContaining([`/api/v1/${prefix}`, `/api/v1/${prefix}/*`]));
    }
  });

  it('sends what services ask each other nowhere', () => {
    expect([...matchers.values()].flat().filter((path) => path.includes('internal') || path === '/api/v1/*')).toEqual(
      [],
    );
  });
});

describe('the Helm chart', () => {
  interface ChartService {
    readonly prefixes: readonly string[];
    readonly consumes?: readonly { readonly group: string; readonly topic: string }[];
  }
  const { services } = parse(read('infra/helm/muster/values.yaml')) as { services: Record<string, ChartService> };

  it('sends the same paths to the same services as the proxy', () => {
    const paths = Object.entries(services).map(([name, { prefixes }]) => [
      name,
      prefixes.flatMap((prefix) => [`/api/v1/${prefix}`, `/api/v1/${prefix}/*`]).sort(),
    ]);
    expect(Object.fromEntries(paths)).toEqual(
      Object.fromEntries([...matchers].map(([name, found]) => [name, [...found].sort()])),
    );
  });

  it('scales by the consumers that there are, on the topics that they read', () => {
    const declared = consumers().map(({ name, topics }) => `${name}: ${topics.sort().join(' ')}`);
    const scaled = new Map<string, string[]>();
    for (const { group, topic } of Object.values(services).flatMap(({ consumes }) => consumes ?? [])) {
      scaled.set(group, [...(scaled.get(group) ?? []), topic]);
    }
    expect([...scaled].map(([group, topics]) => `${group}: ${topics.sort().join(' ')}`).sort()).toEqual(
      declared.sort(),
    );
  });

  /** Read from the sources: what a consumer is called and subscribes to. */
  function consumers(): { name: string; topics: string[] }[] {
    const constants = new Map(
      sources('libs').flatMap((source) =>
        [...source.matchAll(/const (\w+_CONSUMER) = '([^']+)'/g)].map(([, name, value]) => [name, value] as const),
      ),
    );
    return sources('libs')
      .filter((source) => source.includes('implements IntegrationConsumer'))
      .map((source) => {
        const [, literal, constant] = /readonly name = (?:'([^']+)'|(\w+));/.exec(source) ?? [];
        const topics = [...source.matchAll(/context: '(\w+)', feed: '(\w+)'/g)].map(
          ([, context, feed]) => `${String(context)}.${String(feed)}.v1`,
        );
        return { name: literal ?? constants.get(constant) ?? 'a consumer without a name', topics };
      });
  }
});

describe('what an image holds', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'containers-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function put(path: string, manifest: object): void {
    mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, path, 'package.json'), JSON.stringify(manifest));
  }

  function prune(root: string, app: string, target: string): { status: number | null; stderr: string } {
    return spawnSync(process.execPath, [join(ROOT, 'infra/prune.mjs'), app, target], { cwd: root, encoding: 'utf8' });
  }

  const held = (target: string): string[] =>
    readdirSync(target, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('package.json') && !path.includes('@m'))
      .map((path) => dirname(path).replaceAll('\\', '/'))
      .sort();

  function workspace(): void {
    put('.', { name: 'root' });
    put('apps/one', { name: '@m/one', dependencies: { '@m/lib': '*', a: '1' }, devDependencies: { dev: '1' } });
    put('libs/lib', { name: '@m/lib', dependencies: { b: '1' }, optionalDependencies: { absent: '1' } });
    put('libs/other', { name: '@m/other' });
    put('node_modules/a', {
      name: 'a',
      peerDependencies: { peer: '1', spare: '1' },
      peerDependenciesMeta: { spare: { optional: true } },
    });
    put('node_modules/a/node_modules/b', { name: 'b', version: '2' });
    for (const name of ['b', 'dev', 'peer', 'spare', '@s/unused']) put(`node_modules/${name}`, { name });
    mkdirSync(join(folder, 'node_modules/@m'), { recursive: true });
    symlinkSync('../../libs/lib', join(folder, 'node_modules/@m/lib'));
    symlinkSync('../../libs/other', join(folder, 'node_modules/@m/other'));
  }

  it('is what the app needs at run time: no tools, no optional peers, no packages of others', () => {
    workspace();
    expect(prune(folder, 'apps/one', join(folder, 'out'))).toMatchObject({ status: 0, stderr: '' });
    expect(held(join(folder, 'out'))).toEqual([
      'apps/one',
      'libs/lib',
      'node_modules/a',
      'node_modules/b',
      'node_modules/peer',
    ]);
    expect(readFileSync(join(folder, 'out/node_modules/@m/lib/package.json'), 'utf8')).toContain('"@m/lib"');
  });

  it('takes the version beside the one that asks before the one further up', () => {
    workspace();
    put('node_modules/a', { name: 'a', dependencies: { b: '2' } });
    prune(folder, 'apps/one', join(folder, 'out'));
    expect(held(join(folder, 'out'))).toEqual(
      expect.arrayContaining(['node_modules/a/node_modules/b', 'node_modules/b']),
    );
  });

  it('is refused where something needed is not installed', () => {
    workspace();
    rmSync(join(folder, 'node_modules/b'), { recursive: true });
    const { status, stderr } = prune(folder, 'apps/one', join(folder, 'out'));
    expect(status).not.toBe(0);
    expect(stderr).toContain('libs/lib needs b, which is not installed');
  });

  it('is for no app installed for development only', () => {
    const script = `const { needed } = await import(${JSON.stringify(join(ROOT, 'infra/prune.mjs'))});
      process.stdout.write(JSON.stringify(${JSON.stringify(apps)}.flatMap((app) => needed(process.cwd(), 'apps/' + app))))`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    const folders = new Set(JSON.parse(stdout) as string[]);
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { dev?: boolean }> };
    expect(folders.size).toBeGreaterThan(100);
    expect([...folders].filter((path) => packages[path]?.dev === true)).toEqual([]);
  });
});

describe('infra/images.sh', () => {
  it('says which apps there are when it is asked for another', () => {
    const { status, stderr } = spawnSync('bash', [join(ROOT, 'infra/images.sh'), 'billing'], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('There is no apps/billing. There are: ');
    for (const app of apps) expect(stderr).toContain(app);
  });
});
