import type {
  Group,
  OutgoingEvent,
  ProfilesChangedGroup,
  ProfilesEnteredCampaign,
  ProfilesEnteredSegment,
} from '@muster/contracts';
import { ProfileSet } from '@muster/profile-set';

/** Asks `segments` for the external ids of profiles. */
export interface ExternalIds {
  /**
   * The external ids of these profiles of one database, at most 10,000 at a time; profiles without one (erased) are left
   * out. Null where the database does not publish them.
   */
  externalIdsOf(databaseId: string, numbers: readonly number[]): Promise<ReadonlyMap<number, string> | null>;
}

/** An event about a set, cut open at the places where its profiles differ. */
interface Template {
  readonly databaseId: string;
  readonly numbers: Uint32Array;
  readonly control: ProfileSet | undefined;
  /** Up to the count in the id. */
  readonly head: Buffer;
  /** From there to the profile's number. */
  readonly middle: Buffer;
  readonly tail: Readonly<Record<Group | 'none', Buffer>>;
}

interface ProfileMessage {
  readonly key: Buffer;
  readonly value: Buffer;
}

type SetData = ProfilesEnteredSegment | ProfilesEnteredCampaign | ProfilesChangedGroup;

/** `muster.<context>.Profiles<What>.v1` in the set feed becomes `Profile<What>` in the profile feed. */
const TOLD: ReadonlyMap<string, string> = new Map([
  ['muster.segments.ProfilesEnteredSegment.v1', 'muster.segments.ProfileEnteredSegment.v1'],
  ['muster.segments.ProfilesLeftSegment.v1', 'muster.segments.ProfileLeftSegment.v1'],
  ['muster.audiences.ProfilesEnteredCampaign.v1', 'muster.audiences.ProfileEnteredCampaign.v1'],
  ['muster.audiences.ProfilesLeftCampaign.v1', 'muster.audiences.ProfileLeftCampaign.v1'],
  ['muster.audiences.ProfilesChangedGroup.v1', 'muster.audiences.ProfileGroupChanged.v1'],
]);

const AT_ONCE = 10_000;
const BUFFER_BYTES = 64 * 1024;
/** Two numbers in decimal digits, and what stands around an external id. */
const ROOM = 64;

/**
 * One message for each profile of the set events that one stored event became, in their order, keyed by database and
 * profile number. The same events give the same ids: `<stream>/<revision>/<n>`, n counted over all of them.
 */
export async function* profileMessages(
  events: readonly OutgoingEvent[],
  externalIds: ExternalIds,
): AsyncGenerator<readonly ProfileMessage[]> {
  let n = 0;
  const writer = new MessageWriter();
  for (const delivery of events) {
    const type = TOLD.get(delivery.event.type);
    if (type === undefined) continue;
    const template = templateOf(delivery, type);
    for (let from = 0; from < template.numbers.length; from += AT_ONCE) {
      const numbers = template.numbers.subarray(from, from + AT_ONCE);
      const ids = await externalIds.externalIdsOf(template.databaseId, [...numbers]);
      const messages: ProfileMessage[] = [];
      for (const number of numbers) messages.push(writer.write(template, n++, number, ids));
      yield messages;
    }
  }
}

function templateOf({ event, sourceReference }: OutgoingEvent, type: string): Template {
  const { profiles, count: _count, ...data } = event.data as SetData;
  const control = 'control' in data ? ProfileSet.decodeBase64(data.control) : undefined;
  const kept = Object.entries(data).filter(([key]) => key !== 'control' && key !== 'controlCount');
  const { id: _id, data: _data, ...envelope } = event;
  const { stream, revision } = sourceReference;
  const id = JSON.stringify(`${stream}/${String(revision)}/`).slice(0, -1);
  const opened = JSON.stringify({ ...envelope, type }).slice(1, -1);
  const openedData = JSON.stringify({ ...Object.fromEntries(kept), profile: 0 }).slice(0, -2);
  return {
    databaseId: data.databaseId,
    numbers: ProfileSet.decodeBase64(profiles).toArray(),
    control,
    head: Buffer.from(`{"id":${id}`),
    middle: Buffer.from(`",${opened},"data":${openedData}`),
    tail: {
      none: Buffer.from('}}'),
      test: Buffer.from(',"group":"test"}}'),
      control: Buffer.from(',"group":"control"}}'),
    },
  };
}

/** Writes messages behind one another into large buffers: a million small ones cost more than what is in them. */
class MessageWriter {
  private buffer = Buffer.alloc(0);
  private at = 0;

  write(template: Template, n: number, number: number, ids: ReadonlyMap<number, string> | null): ProfileMessage {
    const { databaseId, head, middle, control } = template;
    const group = control === undefined ? 'none' : control.has(number) ? 'control' : 'test';
    const externalId = ids === null ? '' : `,"externalId":${JSON.stringify(ids.get(number) ?? null)}`;
    const fixed = head.length + middle.length + template.tail[group].length;
    this.makeRoom(3 * (databaseId.length + externalId.length) + fixed + ROOM);
    const keyAt = this.at;
    this.text(`${databaseId}:${String(number)}`);
    const valueAt = this.at;
    this.bytes(head);
    this.text(String(n));
    this.bytes(middle);
    this.text(String(number));
    if (externalId !== '') this.text(externalId);
    this.bytes(template.tail[group]);
    return { key: this.buffer.subarray(keyAt, valueAt), value: this.buffer.subarray(valueAt, this.at) };
  }

  private makeRoom(bytes: number): void {
    if (this.buffer.length - this.at >= bytes) return;
    this.buffer = Buffer.allocUnsafeSlow(Math.max(BUFFER_BYTES, bytes));
    this.at = 0;
  }

  private text(text: string): void {
    this.at += this.buffer.write(text, this.at);
  }

  private bytes(bytes: Buffer): void {
    this.at += bytes.copy(this.buffer, this.at);
  }
}
