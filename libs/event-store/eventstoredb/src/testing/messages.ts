import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { Empty, StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import { AppendResp, ReadResp, type AppendReq, type ReadReq } from '@eventstore/db-client/generated/streams_pb';
import type { Entry, Expected, Proposed } from './log';

const TICKS_PER_MS = 10_000n;

export function streamName(identifier: StreamIdentifier | undefined): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');
}

export function streamIdentifier(name: string): StreamIdentifier {
  return new StreamIdentifier().setStreamName(Uint8Array.from(Buffer.from(name, 'utf8')));
}

/** What an append and a deletion say of the revision they expect. */
interface ExpectedOptions {
  hasNoStream(): boolean;
  hasAny(): boolean;
  hasStreamExists(): boolean;
  getRevision(): string;
}

export function expectedOf(options: ExpectedOptions): Expected {
  if (options.hasNoStream()) return 'noStream';
  if (options.hasAny()) return 'any';
  if (options.hasStreamExists()) return 'streamExists';
  return Number(options.getRevision());
}

export function proposedOf(message: AppendReq.ProposedMessage): Proposed {
  const map = message.getMetadataMap();
  return {
    id: message.getId()?.getString() ?? '',
    type: map.get('type') ?? '',
    isJson: map.get('content-type') === 'application/json',
    data: Buffer.from(message.getData_asU8()),
    metadata: Buffer.from(message.getCustomMetadata_asU8()),
  };
}

export function appended(revision: number, position: number): AppendResp {
  const at = new AppendResp.Position().setCommitPosition(String(position)).setPreparePosition(String(position));
  const success = new AppendResp.Success().setCurrentRevision(String(revision)).setPosition(at);
  return new AppendResp().setSuccess(success);
}

export function wrongVersion(expected: Expected, revision: number): AppendResp {
  const wrong = new AppendResp.WrongExpectedVersion();
  if (revision < 0) wrong.setCurrentNoStream(new Empty());
  else wrong.setCurrentRevision(String(revision));
  if (expected === 'any') wrong.setExpectedAny(new Empty());
  else if (expected === 'noStream') wrong.setExpectedNoStream(new Empty());
  else if (expected === 'streamExists') wrong.setExpectedStreamExists(new Empty());
  else wrong.setExpectedRevision(String(expected));
  return new AppendResp().setWrongExpectedVersion(wrong);
}

export function eventMessage(entry: Entry): ReadResp {
  const position = String(entry.position);
  const recorded = new ReadResp.ReadEvent.RecordedEvent()
    .setId(new UUID().setString(entry.id))
    .setStreamIdentifier(streamIdentifier(entry.stream))
    .setStreamRevision(String(entry.revision))
    .setPreparePosition(position)
    .setCommitPosition(position)
    .setCustomMetadata(Uint8Array.from(entry.metadata))
    .setData(Uint8Array.from(entry.data));
  recorded
    .getMetadataMap()
    .set('type', entry.type)
    .set('created', String(BigInt(entry.createdMs) * TICKS_PER_MS))
    .set('content-type', entry.isJson ? 'application/json' : 'application/octet-stream');
  return new ReadResp().setEvent(new ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(position));
}

export function notFound(name: string): ReadResp {
  return new ReadResp().setStreamNotFound(new ReadResp.StreamNotFound().setStreamIdentifier(streamIdentifier(name)));
}

export function checkpoint(position: number): ReadResp {
  const at = new ReadResp.Checkpoint().setCommitPosition(String(position)).setPreparePosition(String(position));
  return new ReadResp().setCheckpoint(at);
}

/** Which entries a filter lets pass. */
export function filterOf(options: ReadReq.Options): (entry: Entry) => boolean {
  const filter = options.getFilter();
  if (!filter) return () => true;
  const byStream = filter.hasStreamIdentifier();
  const expression = byStream ? filter.getStreamIdentifier() : filter.getEventType();
  const text = (entry: Entry) => (byStream ? entry.stream : entry.type);
  const regex = expression?.getRegex() ?? '';
  if (regex !== '') {
    const pattern = new RegExp(regex);
    return (entry) => pattern.test(text(entry));
  }
  const prefixes = expression?.getPrefixList() ?? [];
  return (entry) => prefixes.some((prefix) => text(entry).startsWith(prefix));
}

/** An error as the server sends it: its kind stands in the trailers. */
export function serverError(
  code: status,
  details: string,
  exception?: string,
  more: Readonly<Record<string, string>> = {},
): ServiceError {
  const metadata = new Metadata();
  if (exception !== undefined) metadata.set('exception', exception);
  for (const [name, value] of Object.entries(more)) metadata.set(name, value);
  return Object.assign(new Error(details), { code, details, metadata });
}

export function streamDeleted(name: string): ServiceError {
  return serverError(status.FAILED_PRECONDITION, `Event stream '${name}' is deleted.`, 'stream-deleted', {
    'stream-name': name,
  });
}
