import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const AGE_LIMIT = 60;
const ANSWERED_WITHIN_MS = 120_000;
const SETTLED_WITHIN_MS = 300_000;

/**
 * One client that changes a segment, a command at a time, and knows what must come of it. A command that is not
 * answered is repeated with the same key: if it took place, it must not take place again.
 */
export class Load {
  #url;
  #key;
  #people;
  #inside = new Set();
  #outside = [];
  #databaseId = '';
  #segmentId = '';
  #campaignId = '';
  #repeated = 0;

  constructor(url, key, people) {
    this.#url = `${url}/api/v1`;
    this.#key = key;
    this.#people = Array.from({ length: people }, (_, i) => ({ id: `p${i}`, age: i % 90 }));
  }

  /** Profiles, a segment of them, and a campaign whose audience is built. */
  async prepare() {
    const fields = [{ name: 'age', type: 'integer' }];
    const { databaseId } = await this.#answered('POST', '/profile-databases', { name: `Load ${randomUUID()}`, fields });
    const csv = ['externalId,age', ...this.#people.map(({ id, age }) => `${id},${age}`)].join('\n');
    this.#databaseId = databaseId;
    await this.#imported(csv);
    const condition = { field: 'age', op: 'lt', value: AGE_LIMIT };
    const segment = { databaseId, name: 'Under sixty', kind: 'static', condition, fill: true };
    this.#segmentId = (await this.#answered('POST', '/segments', segment)).segmentId;
    for (const { id, age } of this.#people) {
      if (age < AGE_LIMIT) this.#inside.add(id);
      else this.#outside.push(id);
    }
    await this.#until(`/segments/${this.#segmentId}`, ({ count }) => count === this.#inside.size);
    const campaign = { name: 'Load', databaseId, segmentId: this.#segmentId, lcg: { percent: 15 } };
    this.#campaignId = (await this.#answered('POST', '/campaigns', campaign)).campaignId;
    await this.#answered('POST', `/campaigns/${this.#campaignId}/activities`, { kind: 'broadcast', name: 'Mail' });
    await this.#answered('POST', `/campaigns/${this.#campaignId}/activation`, {});
    await this.#until(`/campaigns/${this.#campaignId}`, ({ status }) => status === 'active');
  }

  /** What must have come of all commands so far. */
  state() {
    return { inside: new Set(this.#inside), outside: [...this.#outside] };
  }

  /** What came later was lost. */
  recall({ inside, outside }) {
    this.#inside = new Set(inside);
    this.#outside = [...outside];
  }

  /** So many profiles more, too old for the segment. */
  async import(prefix, count) {
    const rows = Array.from({ length: count }, (_, i) => `${prefix}${i},${AGE_LIMIT + (i % 30)}`);
    await this.#imported(['externalId,age', ...rows].join('\n'));
  }

  /** `rounds` commands; before some of them something is done to the services, beside the load. */
  async run(rounds, disturbances) {
    const beside = [];
    for (let round = 0; round < rounds; round++) {
      if (disturbances[round]) beside.push(disturbances[round]());
      await this.#answered('POST', `/segments/${this.#segmentId}/members`, this.#change(round));
    }
    await Promise.all(beside);
  }

  /** Waits until the audience is what the commands made of it, and compares every member. */
  async count() {
    const expected = [...this.#inside].sort();
    await this.#until(`/insights/audiences/${this.#campaignId}`, ({ members }) => members === expected.length);
    const found = (await this.#members()).sort();
    const lost = expected.filter((id) => !found.includes(id)).length;
    const doubled = found.length - new Set(found).size;
    const extra = found.filter((id) => !this.#inside.has(id)).length;
    const { agrees } = await this.#get(`/audiences/${this.#campaignId}/verification`);
    const line = `${found.length} members: lost ${lost}, doubled ${doubled}, not to be there ${extra}; the record ${agrees ? 'agrees' : 'does not agree'}; ${this.#repeated} requests were repeated`;
    if (lost + doubled + extra > 0 || agrees !== true) throw new Error(line);
    return line;
  }

  async #imported(csv) {
    const path = `/profile-databases/${this.#databaseId}/imports?externalId=externalId`;
    const { importId } = await this.#answered('POST', path, csv);
    await this.#until(`/imports/${importId}`, ({ state }) => state === 'completed');
  }

  /** Three leave and two come, so that the size tells whether one took place twice or not at all. */
  #change(round) {
    const remove = [...this.#inside].slice((round * 7) % 100).slice(0, 3);
    const add = this.#outside.splice(0, 2);
    for (const id of remove) this.#inside.delete(id);
    for (const id of add) this.#inside.add(id);
    this.#outside.push(...remove);
    return { remove, add };
  }

  async #members() {
    const all = [];
    for (let cursor = ''; ;) {
      const page = await this.#get(`/insights/audiences/${this.#campaignId}/members?limit=1000${cursor}`);
      all.push(...page.items.map(({ externalId }) => externalId));
      if (page.nextCursor === null) return all;
      cursor = `&cursor=${page.nextCursor}`;
    }
  }

  async #get(path) {
    return this.#answered('GET', path);
  }

  /** Sends it until it is answered; other answers than those that ask to come again are errors. */
  async #answered(method, path, body) {
    const csv = typeof body === 'string';
    const headers = {
      authorization: `Bearer ${this.#key}`,
      ...(method === 'POST' && !csv && { 'idempotency-key': randomUUID() }),
      ...(body !== undefined && { 'content-type': csv ? 'text/csv' : 'application/json' }),
    };
    const sent = body === undefined || csv ? body : JSON.stringify(body);
    const deadline = Date.now() + ANSWERED_WITHIN_MS;
    for (;;) {
      const answer = await this.#once(method, path, headers, sent);
      if (answer.ok) return answer.body;
      if (!answer.again) throw new Error(`${method} ${path}: ${answer.said}`);
      if (Date.now() > deadline) throw new Error(`${method} ${path} is not answered: ${answer.said}`);
      this.#repeated += 1;
      await sleep(200);
    }
  }

  async #once(method, path, headers, body) {
    try {
      const response = await fetch(`${this.#url}${path}`, { method, headers, body });
      const text = await response.text();
      if (response.ok) return { ok: true, body: text === '' ? {} : JSON.parse(text) };
      return { ok: false, again: [502, 503, 504].includes(response.status), said: `${response.status} ${text}` };
    } catch (error) {
      return { ok: false, again: true, said: String(error.cause ?? error) };
    }
  }

  async #until(path, isDone) {
    const deadline = Date.now() + SETTLED_WITHIN_MS;
    let seen;
    while (Date.now() < deadline) {
      // What was just made may not be readable yet.
      const answer = await this.#once('GET', path, { authorization: `Bearer ${this.#key}` });
      seen = answer.ok ? answer.body : answer.said;
      if (answer.ok && isDone(answer.body)) return;
      await sleep(200);
    }
    throw new Error(`${path} stays ${JSON.stringify(seen).slice(0, 500)}`);
  }
}
