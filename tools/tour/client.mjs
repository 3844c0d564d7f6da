import { abbreviated } from './print.mjs';

const WAIT_MS = 120_000;
const POLL_MS = 100;

/** Says why the tour ends here, and ends it. */
export function fail(message) {
  console.error(`\n${message}`);
  process.exit(1);
}

/** Talks to Muster and prints each request with its answer. */
export class Client {
  #steps = 0;
  /** `Muster-Position` of the last answer: later reads wait until they can see it. */
  #position = '';

  constructor(url, key) {
    this.base = `${url.replace(/\/$/, '')}/api/v1`;
    this.headers = { authorization: `Bearer ${key}` };
  }

  step(title) {
    this.#steps += 1;
    console.log(`\n${this.#steps}. ${title}`);
  }

  get(path, { quiet = false } = {}) {
    return this.#call('GET', path, {}, undefined, quiet);
  }

  post(path, body) {
    return this.#call('POST', path, { 'content-type': 'application/json' }, JSON.stringify(body), false, body);
  }

  upload(path, csv) {
    return this.#call('POST', path, { 'content-type': 'text/csv' }, csv, false, `${csv.length} characters of CSV`);
  }

  /** Reads a resource until it is as wanted; prints the last answer. */
  async until(path, isDone, { quiet = false } = {}) {
    const end = Date.now() + WAIT_MS;
    for (;;) {
      const response = await this.#fetch('GET', path);
      const answer = await response.json();
      if (response.ok && isDone(answer)) {
        if (!quiet) this.#print('GET', path, undefined, response.status, answer);
        return answer;
      }
      if (!response.ok && response.status !== 503 && response.status !== 404)
        this.#refused('GET', path, response, answer);
      if (Date.now() > end) fail(`GET ${path} is still ${JSON.stringify(answer)} after ${WAIT_MS / 1000} s.`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Prints server-sent events until the server ends them. */
  async watch(path) {
    console.log(`   GET /api/v1${path}`);
    const response = await this.#fetch('GET', path, { accept: 'text/event-stream' });
    if (!response.ok) this.#refused('GET', path, response, await response.json());
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      for (const line of chunk.split('\n')) if (line.startsWith('data: ')) console.log(`   < ${line.slice(6)}`);
    }
  }

  async #call(method, path, headers, body, quiet, shown) {
    const response = await this.#fetch(method, path, headers, body);
    const text = await response.text();
    const answer = text === '' ? {} : JSON.parse(text);
    if (!response.ok) this.#refused(method, path, response, answer);
    if (!quiet) this.#print(method, path, shown, response.status, answer);
    return answer;
  }

  async #fetch(method, path, headers = {}, body = undefined) {
    try {
      const sent = {
        ...this.headers,
        ...(method === 'GET' && this.#position && { 'muster-min-position': this.#position }),
      };
      const response = await fetch(`${this.base}${path}`, { method, headers: { ...sent, ...headers }, body });
      this.#position = response.headers.get('muster-position') ?? this.#position;
      return response;
    } catch (error) {
      return fail(`${this.base} does not answer (${error.cause?.code ?? error.message}). Start Muster with npm start.`);
    }
  }

  #print(method, path, sent, status, answer) {
    console.log(`   ${method} /api/v1${path}${sent === undefined ? '' : `  ${abbreviated(sent)}`}`);
    console.log(`   < ${status} ${abbreviated(answer)}`);
  }

  #refused(method, path, response, answer) {
    fail(`${method} /api/v1${path} was refused: ${response.status} ${JSON.stringify(answer, null, 2)}`);
  }
}
