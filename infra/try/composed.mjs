import { finished } from './finished.mjs';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { ROOT } from '../../tools/process.mjs';
import { freePorts } from './program.mjs';

const PROJECT = `muster-try-${process.pid}`;
const READY_WITHIN_MS = 180_000;
/** Podman asks systemd for a timer for each health check; without one it says so at every call. */
const NO_TIMER = /systemd connection|Removing timer|unable to (add|start|remove) healthchecks/;

/** The services of docker-compose.yml in podman, on the network of this machine and on free ports. */
export class Composed {
  /** Port by service. */
  ports = {};
  #folder;
  #env;
  #names = new Set();

  constructor(trial) {
    this.#folder = trial.folder;
    trial.atEnd(() => this.remove());
    trial.atFailure(() => this.#logs());
    const configuration = join(trial.folder, 'containers.conf');
    // The ulimits that podman asks for by itself are more than a machine without CAP_SYS_RESOURCE may give.
    writeFileSync(
      configuration,
      [
        '[containers]',
        'default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]',
        `init_path = "${find('catatonit') ?? find('tini') ?? ''}"`,
        '[engine]',
        'runtime = "runc"',
        '',
      ].join('\n'),
    );
    this.#env = { ...process.env, CONTAINERS_CONF: configuration };
  }

  /** Throws with a line for each thing that is missing. */
  async check(images) {
    const missing = [];
    for (const program of ['podman', 'runc', 'caddy', 'java']) {
      if (!find(program)) missing.push(`${program}: apt-get install podman runc caddy default-jre-headless`);
    }
    if (!find('catatonit') && !find('tini')) missing.push('an init: apt-get install catatonit');
    const version = find('podman-compose') ? (await this.#run('podman-compose', ['--version'])).stdout : '';
    const [, major = 0, minor = 0] = /podman-compose version (\d+)\.(\d+)/.exec(version) ?? [];
    if (Number(major) * 100 + Number(minor) < 103)
      missing.push('podman-compose 1.3 or newer: pip install podman-compose');
    if (missing.length === 0) {
      for (const name of images) {
        const { status } = await this.#run('podman', ['image', 'exists', `localhost/muster/${name}`]);
        if (status !== 0) missing.push(`the image muster/${name}: infra/images.sh ${name}`);
      }
    }
    if (missing.length > 0) throw new Error(`This is missing:\n  ${missing.join('\n  ')}`);
  }

  /**
   * The file beside docker-compose.yml that puts the services on this machine's network, and `copies` of services
   * beside them. The environment replaces what leads to containers there.
   */
  async write(environment, services, copies = {}) {
    const names = [...services, ...Object.keys(copies)];
    const free = await freePorts(names.length);
    // The proxy keeps sending to the ports of the first time.
    for (const [i, name] of names.entries()) this.ports[name] ??= free[i];
    const shared = { ...environment, SEGMENTS_URL: `http://127.0.0.1:${this.ports.segments}`, LOG_LEVEL: 'info' };
    const { services: declared } = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true });
    const moved = (name, port) => {
      const { image, environment: given } = declared[name];
      const own = { ...shared, ...(port && { DATABASE_URL: databaseOf(name, environment) }) };
      const replaced = Object.keys(given).filter((variable) => variable in own);
      return {
        image: `localhost/${image}`,
        network_mode: 'host',
        environment: { ...Object.fromEntries(replaced.map((each) => [each, own[each]])), ...(port && { PORT: port }) },
      };
    };
    const override = { database: moved('database'), topics: moved('topics') };
    for (const name of services) override[name] = moved(name, this.ports[name]);
    for (const [copy, name] of Object.entries(copies)) {
      const { environment: given, ...service } = declared[name];
      const { environment: own, ...rest } = moved(name, this.ports[copy]);
      override[copy] = { ...service, ...rest, environment: { ...given, ...own } };
    }
    writeFileSync(join(this.#folder, 'compose.yml'), stringify({ services: override }));
    const lines = Object.entries(environment).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(this.#folder, 'env'), lines.join(''), { mode: 0o600 });
  }

  async up(names) {
    await this.#compose(['up', '-d', '--no-deps', '--no-build', ...names]);
    for (const name of names) this.#names.add(name);
  }

  /** Runs a command of docker-compose.yml, or another one of the same image, to its end; answers with what it said. */
  async once(name, args = []) {
    const run = ['run', '--rm', '--no-deps', name, ...args];
    const { status, stdout, stderr } = await this.#compose(run, { mayFail: true });
    if (status !== 0) throw new Error(`${name} ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Waits until the service says of itself what is expected. */
  async health(name, expected) {
    const deadline = Date.now() + READY_WITHIN_MS;
    for (;;) {
      const health = await fetch(`http://127.0.0.1:${this.ports[name]}/health/ready`).then(
        (response) => response.json(),
        (error) => ({ status: 'no answer', reasons: [error.cause?.code ?? String(error)] }),
      );
      if (expected(health)) return health;
      if (Date.now() > deadline) throw new Error(`${name}: ${JSON.stringify(health)} after ${READY_WITHIN_MS} ms`);
      await sleep(200);
    }
  }

  /** User, Node and memory of a running service, what its health check says, and that its root cannot be written. */
  async inspect(name) {
    const script = `const fs = require('fs'); let root = 'written';
      try { fs.writeFileSync('/muster/x', ''); } catch (error) { root = error.code; }
      const rss = /VmRSS:\\s+(\\d+)/.exec(fs.readFileSync('/proc/' + fs.readFileSync('/proc/1/task/1/children', 'utf8').trim().split(' ')[0] + '/status', 'utf8'))[1];
      console.log('user ' + process.getuid() + ', Node ' + process.version + ', root ' + root + ', RSS ' + Math.round(rss / 1024) + ' MB');`;
    const { stdout, stderr, status } = await this.#run('podman', ['exec', container(name), 'node', '-e', script]);
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
    if (!stdout.includes('root EROFS') || stdout.includes('user 0')) throw new Error(`${name}: ${stdout}`);
    const healthy = (await this.#run('podman', ['healthcheck', 'run', container(name)])).status === 0;
    if (!healthy) throw new Error(`${name}: its health check fails`);
    return `${name}: ${stdout.trim()}, healthy`;
  }

  /** As `docker compose stop`: SIGTERM, and SIGKILL after the grace period of docker-compose.yml. */
  async stop(name) {
    const started = performance.now();
    await this.#run('podman', ['stop', '-t', '60', container(name)]);
    const seconds = (performance.now() - started) / 1000;
    const { stdout } = await this.#run('podman', ['inspect', '-f', '{{.State.ExitCode}}', container(name)]);
    return { code: Number(stdout), seconds };
  }

  async kill(name) {
    await this.#run('podman', ['kill', '--signal', 'KILL', container(name)]);
  }

  async startAgain(name) {
    const { status, stderr } = await this.#run('podman', ['start', container(name)]);
    if (status !== 0) throw new Error(`${name} does not start: ${stderr}`);
  }

  /** The end of what each service said. */
  async #logs() {
    const said = [];
    for (const name of this.#names) {
      const { stdout } = await this.#run('podman', ['logs', '--tail', '15', container(name)]);
      said.push(`--- ${name}\n${stdout}`);
    }
    return said.join('\n');
  }

  async remove() {
    const { stdout } = await this.#run('podman', [
      'ps',
      '-aq',
      '--filter',
      `label=io.podman.compose.project=${PROJECT}`,
    ]);
    const ids = stdout.split('\n').filter(Boolean);
    if (ids.length > 0) await this.#run('podman', ['rm', '-f', '-t', '10', ...ids]);
  }

  async #compose(args, { mayFail = false } = {}) {
    const files = ['-f', join(ROOT, 'docker-compose.yml'), '-f', join(this.#folder, 'compose.yml')];
    const settings = ['--in-pod=false', '-p', PROJECT, '--env-file', join(this.#folder, 'env')];
    const done = await this.#run('podman-compose', [...settings, ...files, ...args]);
    if (done.status !== 0 && !mayFail)
      throw new Error(`podman-compose ${args.join(' ')}\n${done.stdout}${done.stderr}`);
    return done;
  }

  async #run(program, args) {
    const { status, stdout, stderr } = await finished(program, args, { env: this.#env });
    const said = stderr.split('\n').filter((line) => !NO_TIMER.test(line));
    return { status, stdout, stderr: said.join('\n') };
  }
}

/** The same database for the service's own user, as docker-compose.yml has it. */
function databaseOf(name, { DATABASE_URL, ...secrets }) {
  const url = new URL(DATABASE_URL);
  url.username = `muster_${name}_service`;
  url.password = secrets[`${name.toUpperCase()}_DB_PASSWORD`];
  return url.href;
}

const container = (name) => `${PROJECT}_${name}_1`;

function find(program) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
