import { createKafka } from '@muster/messaging-kafka';
import type { Tool } from '../tool';

type Admin = ReturnType<ReturnType<typeof createKafka>['admin']>;

/** A connection to the cluster for as long as the tool runs. */
export async function kafkaAdmin({ surroundings }: Tool): Promise<Admin> {
  const admin = createKafka(surroundings.environment.kafka.connection).admin({
    retry: { initialRetryTime: 100, retries: 2 },
  });
  surroundings.onClose(() => admin.disconnect());
  await admin.connect();
  return admin;
}
