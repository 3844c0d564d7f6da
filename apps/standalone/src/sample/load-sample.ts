import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SAMPLE_FIELDS, sampleInteractions, sampleProfiles } from './sample-files';

export interface SampleOptions {
  readonly url: string;
  readonly key: string;
  /** Keeps the word that the sample is there. */
  readonly dataDir: string;
  readonly now: Date;
  /** Stops between two requests: the rest is loaded by the next start. */
  readonly signal: AbortSignal;
  readonly profiles?: number;
  readonly interactions?: number;
}

const SEED = 20_260;
const INTERACTIONS_PER_CALL = 50_000;
const POLL_MS = 100;

/**
 * Loads the sample over the API, as anybody would: a profile database with profiles and interactions, segments, and an
 * active campaign. Every request has an idempotency key and the same body as the first time, so a start that was cut
 * short is continued by the next one. False where the sample is there already.
 */
export async function loadSample(options: SampleOptions): Promise<boolean> {
  const file = join(options.dataDir, 'sample.json');
  const known = await readRecord(file);
  if (known?.loaded === true) return false;
  const startedAt = known?.startedAt ?? options.now.toISOString();
  await writeFile(file, JSON.stringify({ startedAt, loaded: false } satisfies SampleRecord));
  await new SampleLoader({ ...options, now: new Date(startedAt) }).load();
  await writeFile(file, JSON.stringify({ startedAt, loaded: true } satisfies SampleRecord));
  return true;
}

interface SampleRecord {
  readonly startedAt: string;
  readonly loaded: boolean;
}

async function readRecord(file: string): Promise<SampleRecord | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as SampleRecord;
  } catch {
    return null;
  }
}

class SampleLoader {
  constructor(private readonly options: SampleOptions) {}

  async load(): Promise<void> {
    const { profiles = 50_000, interactions = 400_000, now } = this.options;
    const { databaseId } = await this.post<{ databaseId: string }>('/profile-databases', {
      name: 'Sample customers',
      fields: SAMPLE_FIELDS,
    });
    await this.importProfiles(databaseId, [...sampleProfiles(profiles, SEED, now)].join(''));
    for (const part of sampleInteractions(interactions, profiles, INTERACTIONS_PER_CALL, SEED, now)) {
      await this.send(`/profile-databases/${databaseId}/interactions`, part, 'application/x-ndjson');
    }
    const segmentId = await this.segments(databaseId);
    await this.campaign(databaseId, segmentId);
  }

  private async importProfiles(databaseId: string, csv: string): Promise<void> {
    const path = `/profile-databases/${databaseId}/imports?mode=upsert&externalId=externalId`;
    const { importId } = await this.send<{ importId: string }>(path, csv, 'text/csv');
    await this.until<{ state: string }>(`/imports/${importId}`, ({ state }) => {
      if (state === 'failed') throw new Error('the import of the sample failed');
      return state === 'completed';
    });
  }

  /** The segment for the campaign, and two more to look at. */
  private async segments(databaseId: string): Promise<string> {
    const create = async (name: string, kind: 'static' | 'dynamic', condition: object): Promise<string> => {
      const body = { databaseId, name, kind, condition, fill: true, tags: ['sample'] };
      const { segmentId, runId } = await this.post<{ segmentId: string; runId: string }>('/segments', body);
      await this.until<{ state: string }>(`/segments/${segmentId}/runs/${runId}`, ({ state }) => state === 'completed');
      return segmentId;
    };
    await create('Newcomers of the last 90 days', 'dynamic', {
      field: 'signed_up',
      op: 'withinLast',
      value: { days: 90, mode: 'calendar' },
    });
    await create('Gardeners', 'static', { field: 'interests', op: 'hasAny', value: ['garden'] });
    return create('Newsletter readers in credit', 'static', {
      all: [
        { field: 'newsletter', op: 'eq', value: true },
        { field: 'balance', op: 'gt', value: 0 },
      ],
    });
  }

  private async campaign(databaseId: string, segmentId: string): Promise<void> {
    const values = (...names: string[]): object[] => names.map((name) => ({ values: [name] }));
    const { campaignId } = await this.post<{ campaignId: string }>('/campaigns', {
      name: 'Spring offers',
      tags: ['sample'],
      databaseId,
      segmentId,
      lcg: { percent: 10 },
      stratification: {
        fields: [
          { field: 'gender', buckets: values('female', 'male') },
          { field: 'age', buckets: [{ to: 30 }, { from: 30, to: 50 }, { from: 50 }] },
        ],
      },
    });
    await this.post(`/campaigns/${campaignId}/activities`, { kind: 'broadcast', name: 'Spring mail' });
    await this.post(`/campaigns/${campaignId}/activation`, {});
    await this.until<{ status: string }>(`/campaigns/${campaignId}`, ({ status }) => status === 'active');
  }

  private post<T = unknown>(path: string, body: object): Promise<T> {
    return this.send<T>(path, JSON.stringify(body), 'application/json');
  }

  private step = 0;

  private async send<T = unknown>(path: string, body: string, type: string): Promise<T> {
    const headers = { 'content-type': type, 'idempotency-key': `sample-${String(++this.step)}` };
    return (await this.request(path, { method: 'POST', headers, body })).json() as Promise<T>;
  }

  private async until<T>(path: string, isDone: (answer: T) => boolean): Promise<void> {
    for (;;) {
      const response = await this.request(path, {}, [404, 503]);
      if (response.ok && isDone((await response.json()) as T)) return;
      await sleep(POLL_MS, undefined, { signal: this.options.signal });
    }
  }

  private async request(path: string, init: RequestInit, tolerated: readonly number[] = []): Promise<Response> {
    const { url, key, signal } = this.options;
    signal.throwIfAborted();
    const headers = { ...(init.headers as Record<string, string> | undefined), authorization: `Bearer ${key}` };
    const response = await fetch(`${url}/api/v1${path}`, { ...init, headers, signal });
    if (response.ok || tolerated.includes(response.status)) return response;
    throw new Error(`${path} answered ${String(response.status)}: ${await response.text()}`);
  }
}
