import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import {
  Server,
  ServerCredentials,
  status,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { Empty } from '@eventstore/db-client/generated/shared_pb';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import { SupportedMethod, SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb';
import type {
  AppendReq,
  AppendResp,
  BatchAppendReq,
  BatchAppendResp,
  ReadReq,
  ReadResp,
} from '@eventstore/db-client/generated/streams_pb';
import { NO_FAULTS, type Command, type Faults, type Report } from './faults';
import type { DoubleLog, Proposed } from './log';
import { appended, expectedOf, proposedOf, serverError, streamDeleted, streamName, wrongVersion } from './messages';
import { Reader, type ServerState } from './reader';
import { Signal } from './signal';

const MAX_APPEND_BYTES = 1024 * 1024;

type AppendCall = ServerReadableStream<AppendReq, AppendResp>;

/** EventStoreDB as far as the adapter and its client use it, from the client's own service definitions. */
export class DoubleServer implements ServerState {
  faults: Faults = NO_FAULTS;
  generation = { number: 0, code: null as status | null };
  readonly changed = new Signal();
  private readonly server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_concurrent_streams': 100 });
  private readonly calls: Record<string, number> = {};
  private readonly readers = new Set<Reader>();
  private sent = 0;

  constructor(readonly log: DoubleLog) {
    this.server.addService(StreamsService, {
      append: (call: AppendCall, answer: sendUnaryData<AppendResp>) => {
        this.append(call, answer);
      },
      read: (call: ServerWritableStream<ReadReq, ReadResp>) => void this.read(call),
      batchAppend: (call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>) => {
        this.batchAppend(call);
      },
    });
    this.server.addService(ServerFeaturesService, {
      getSupportedMethods: (_: ServerUnaryCall<Empty, SupportedMethods>, answer: sendUnaryData<SupportedMethods>) => {
        this.features(answer);
      },
    });
  }

  async listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.bindAsync(`127.0.0.1:${String(port)}`, ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
  }

  obey(command: Command): Report | undefined {
    switch (command.kind) {
      case 'faults':
        this.faults = { ...this.faults, ...command.faults };
        break;
      case 'endSubscriptions':
        this.generation = { number: this.generation.number + 1, code: command.code };
        break;
      case 'softDelete':
        this.log.softDelete(command.stream);
        break;
      case 'tombstone':
        this.log.tombstone(command.stream);
        break;
      case 'report':
        return this.report();
    }
    this.changed.fire();
    return undefined;
  }

  /** Waits as the faults say. */
  async turn(): Promise<void> {
    if (this.faults.delayMs > 0) await sleep(this.faults.delayMs);
    while (this.faults.silent) await this.changed.wait();
  }

  wrote(): void {
    this.sent++;
  }

  private report(): Report {
    const perConnection = new Map<string, number>();
    for (const { isSubscription, peer } of this.readers) {
      if (isSubscription) perConnection.set(peer, (perConnection.get(peer) ?? 0) + 1);
    }
    return {
      calls: { ...this.calls },
      openReads: this.readers.size,
      subscriptions: [...perConnection.values()],
      sent: this.sent,
    };
  }

  private count(method: string): void {
    this.calls[method] = (this.calls[method] ?? 0) + 1;
  }

  private append(call: AppendCall, answer: sendUnaryData<AppendResp>): void {
    this.count('Append');
    let options: AppendReq.Options | undefined;
    const events: Proposed[] = [];
    call.on('data', (request: AppendReq) => {
      options = request.getOptions() ?? options;
      const message = request.getProposedMessage();
      if (message) events.push(proposedOf(message));
    });
    call.on('end', () => void this.appendWhole(call, options, events, answer));
  }

  /** The requests of a client that died end just as those of one that has sent everything. */
  private async appendWhole(call: AppendCall, ...append: Parameters<DoubleServer['appendAll']>): Promise<void> {
    await immediate();
    if (!call.cancelled) await this.appendAll(...append);
  }

  private async appendAll(
    options: AppendReq.Options | undefined,
    events: readonly Proposed[],
    answer: sendUnaryData<AppendResp>,
  ): Promise<void> {
    await this.turn();
    if (!options) {
      answer(serverError(status.INVALID_ARGUMENT, 'no options'));
      return;
    }
    const { refused } = this.faults;
    if (refused && refused.count > 0) {
      this.faults = { ...this.faults, refused: { ...refused, count: refused.count - 1 } };
      answer(serverError(refused.code, 'refused'));
      return;
    }
    const bytes = events.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);
    if (bytes > MAX_APPEND_BYTES) {
      const limit = { 'maximum-append-size': String(MAX_APPEND_BYTES) };
      answer(serverError(status.INVALID_ARGUMENT, 'too large', 'maximum-append-size-exceeded', limit));
      return;
    }
    const stream = streamName(options.getStreamIdentifier());
    const expected = expectedOf(options);
    const outcome = this.log.append(stream, expected, events);
    this.changed.fire();
    if (this.faults.lostAnswers > 0) {
      this.faults = { ...this.faults, lostAnswers: this.faults.lostAnswers - 1 };
      return;
    }
    if (outcome.kind === 'deleted') answer(streamDeleted(stream));
    else if (outcome.kind === 'wrong') answer(null, wrongVersion(expected, outcome.revision));
    else answer(null, this.answerOf(outcome.revision, outcome.position));
  }

  private answerOf(revision: number, position: number): AppendResp {
    const answer = appended(revision, position);
    if (this.faults.withoutPosition) answer.getSuccess()?.clearPosition();
    return answer;
  }

  private async read(call: ServerWritableStream<ReadReq, ReadResp>): Promise<void> {
    const reader = new Reader(call, this);
    this.count(reader.isSubscription ? 'Subscribe' : 'Read');
    this.readers.add(reader);
    try {
      await reader.run();
    } finally {
      this.readers.delete(reader);
    }
  }

  /** Only so much of it as shows what becomes of a client that uses it: no answer at all, or an error. */
  private batchAppend(call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void {
    this.count('BatchAppend');
    call.on('data', () => {
      if (!this.faults.swallowBatches)
        call.emit('error', serverError(status.INVALID_ARGUMENT, 'the double takes no batches'));
    });
    call.on('end', () => call.end());
  }

  private features(answer: sendUnaryData<SupportedMethods>): void {
    this.count('ServerFeatures');
    if (this.faults.featuresCode !== null) {
      answer(serverError(this.faults.featuresCode, 'no features'));
      return;
    }
    const supported = Object.values(StreamsService as unknown as Record<string, { readonly path: string }>).map(
      ({ path }) => {
        const [, service = '', method = ''] = path.toLowerCase().split('/');
        return new SupportedMethod().setServiceName(service).setMethodName(method);
      },
    );
    answer(null, new SupportedMethods().setEventStoreServerVersion('24.10.0').setMethodsList(supported));
  }
}
