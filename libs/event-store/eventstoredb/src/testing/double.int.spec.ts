import { credentials } from '@grpc/grpc-js';
import { Empty, UUID } from '@eventstore/db-client/generated/shared_pb';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { AppendReq } from '@eventstore/db-client/generated/streams_pb';
import { aStream, collect } from '@muster/event-store-testing';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventStoreDbEventStore } from '../index';
import { EventStoreDbDouble } from '.';
import { streamIdentifier } from './messages';

let double: EventStoreDbDouble;
let store: EventStoreDbEventStore;

beforeAll(async () => {
  double = await EventStoreDbDouble.start();
  store = await EventStoreDbEventStore.open({ connectionString: double.connectionString });
});
afterAll(async () => {
  await store.close();
  await double.stop();
});

const portOf = (url: string): number => Number(/:(\d+)/.exec(url)?.[1]);

/** A way to the double that can be cut, as the death of a client's process cuts it. */
async function aWay(): Promise<{ readonly port: number; readonly cut: () => void; readonly server: Server }> {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(portOf(double.connectionString), '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far).pipe(near);
    sockets.push(near, far);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return { port: (server.address() as AddressInfo).port, cut, server };
}

function halfOfAnAppend(client: StreamsClient, stream: string): void {
  const call = client.append(() => undefined);
  call.on('error', () => undefined);
  const options = new AppendReq.Options().setStreamIdentifier(streamIdentifier(stream)).setNoStream(new Empty());
  const event = new AppendReq.ProposedMessage().setId(new UUID().setString(randomUUID())).setData(Buffer.from('{}'));
  event.getMetadataMap().set('type', 'Half').set('content-type', 'application/json');
  call.write(new AppendReq().setOptions(options));
  call.write(new AppendReq().setProposedMessage(event));
}

it('takes nothing of an append whose client dies while it sends', async () => {
  const stream = aStream();
  for (let i = 0; i < 40; i++) {
    const way = await aWay();
    const client = new StreamsClient(`127.0.0.1:${String(way.port)}`, credentials.createInsecure());
    halfOfAnAppend(client, stream);
    // Before, while, and after the double hears of it.
    await sleep(i % 8);
    way.cut();
    client.close();
    way.server.close();
  }
  await sleep(200);
  expect(await collect(store.readStream(stream))).toEqual([]);
});
