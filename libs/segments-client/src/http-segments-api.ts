import type {
  MembershipPage,
  MembershipRequest,
  SegmentSummary,
  SegmentsApi,
  StratificationInput,
  StratificationReference,
  StratumDescription,
  UseOf,
} from '@muster/contracts';
import type { HttpSegmentsApiOptions } from './options';
import { Requests, type Outgoing } from './requests';
import { SEGMENTS_API_PATH, decodeCodes, decodeMembershipPage, encodeProfiles } from './wire';

const SHORT_MS = 10_000;
const LONG_MS = 60_000;
/** A dynamic segment is evaluated within the call; a repeat joins the run that is there. */
const PREPARE_MS = 240_000;
const MOST_STRATIFICATIONS = 100;

/**
 * `SegmentsApi` over HTTP. Every call may be repeated: reads change nothing, and commands do once what they are asked
 * twice. Throws the `DomainError` of the other side; `DEPENDENCY_UNAVAILABLE` where that gives no answer to pass on.
 */
export class HttpSegmentsApi implements SegmentsApi {
  private readonly strataByHash = new Map<string, readonly StratumDescription[]>();
  private readonly requests: Requests;

  constructor(private readonly options: HttpSegmentsApiOptions) {
    this.requests = new Requests({ ...options, basePath: `/api/v1/${SEGMENTS_API_PATH}` });
  }

  segment(segmentId: string): Promise<SegmentSummary> {
    return this.json({ method: 'GET', path: ['segments', segmentId] });
  }

  database(databaseId: string): Promise<{ readonly databaseId: string; readonly name: string }> {
    return this.json({ method: 'GET', path: ['profile-databases', databaseId] });
  }

  async prepareMembership(segmentId: string, requestId: string): Promise<void> {
    const path = ['segments', segmentId, 'preparation'];
    await this.send({ method: 'POST', path, json: { requestId }, timeoutMs: PREPARE_MS, tries: 1 });
  }

  async membership({ segmentId, ...query }: MembershipRequest): Promise<MembershipPage> {
    const path = ['segments', segmentId, 'membership'];
    const bytes = await this.send({ method: 'GET', path, query, timeoutMs: LONG_MS });
    return this.requests.read(() => decodeMembershipPage(bytes));
  }

  async strata(databaseId: string, stratificationHash: string, profiles: Uint32Array): Promise<Uint16Array> {
    const path = ['profile-databases', databaseId, 'stratifications', stratificationHash, 'codes'];
    const bytes = await this.send({ method: 'POST', path, bytes: encodeProfiles(profiles), timeoutMs: LONG_MS });
    return this.requests.read(() => {
      const codes = decodeCodes(bytes);
      if (codes.length !== profiles.length) throw new Error('one code for each profile');
      return codes;
    });
  }

  async externalIdsOf(databaseId: string, numbers: readonly number[]): Promise<ReadonlyMap<number, string> | null> {
    const path = ['profile-databases', databaseId, 'external-ids'];
    const bytes = encodeProfiles(Uint32Array.from(numbers));
    const { externalIds } = await this.json<{ readonly externalIds: readonly (string | null)[] | null }>({
      method: 'POST',
      path,
      bytes,
      timeoutMs: LONG_MS,
    });
    if (externalIds === null) return null;
    const known = numbers.map((number, i) => [number, externalIds[i]] as const);
    return new Map(known.filter((pair): pair is readonly [number, string] => typeof pair[1] === 'string'));
  }

  async registerSegmentUse(segmentId: string, user: UseOf): Promise<void> {
    await this.send({ method: 'POST', path: ['segments', segmentId, 'uses'], json: user });
  }

  async releaseSegmentUse(segmentId: string, user: UseOf): Promise<void> {
    await this.send({ method: 'POST', path: ['segments', segmentId, 'uses', 'release'], json: user });
  }

  registerStratification(
    databaseId: string,
    input: StratificationInput,
    user: UseOf,
  ): Promise<StratificationReference> {
    const path = ['profile-databases', databaseId, 'stratifications'];
    return this.json({ method: 'POST', path, json: { input, user } });
  }

  /** What a hash stands for never changes: it is asked for once, and told also while the service is away. */
  async describeStrata(stratificationHash: string): Promise<readonly StratumDescription[]> {
    const known = this.strataByHash.get(stratificationHash);
    if (known) return known;
    const path = ['stratifications', stratificationHash, 'strata'];
    const strata = await this.json<readonly StratumDescription[]>({ method: 'GET', path });
    if (this.strataByHash.size >= MOST_STRATIFICATIONS) this.strataByHash.clear();
    this.strataByHash.set(stratificationHash, strata);
    return strata;
  }

  async releaseFieldUses(databaseId: string, user: UseOf, keep: StratificationReference | null): Promise<void> {
    const path = ['profile-databases', databaseId, 'field-uses', 'release'];
    await this.send({ method: 'POST', path, json: { user, keep } });
  }

  /** Whether the service answers at all, told for people; `null` where it does. */
  unreachable(): Promise<string | null> {
    return this.requests.unreachable();
  }

  /** Whether calls are refused at once, because the service has not answered for a while. */
  get breakerIsOpen(): boolean {
    return this.requests.breakerIsOpen;
  }

  private async json<T>(outgoing: Outgoing): Promise<T> {
    const bytes = await this.send(outgoing);
    return this.requests.read(() => JSON.parse(Buffer.from(bytes).toString('utf8')) as T);
  }

  private send(outgoing: Outgoing): Promise<Uint8Array> {
    return this.requests.send({ ...outgoing, timeoutMs: this.options.timeoutMs ?? outgoing.timeoutMs ?? SHORT_MS });
  }
}
