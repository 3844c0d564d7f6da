import 'reflect-metadata';
import { BootstrapKeys } from '@muster/access-service';
import type { RandomSource } from '@muster/kernel';
import { createHttpApp, PlatformModule, RANDOM } from '@muster/platform';
import { Module } from '@nestjs/common';
import { SERVICES } from '../../src/start-standalone';

/** The same seeds in every run: what a killed run and one that was not decide can be compared. */
const random: RandomSource = { bytes: (count) => Uint8Array.from({ length: count }, (_, i) => (i * 37 + 11) % 256) };

@Module({})
class Victim {}

/** The standalone Muster with fixed seeds, on the database and with the key of the environment, to be killed. */
async function main(): Promise<void> {
  const { DATABASE_URL: databaseUrl = '', ADMIN_API_KEY: token = '' } = process.env;
  const app = await createHttpApp({
    module: Victim,
    imports: [
      PlatformModule.forRoot({ databaseUrl, logLevel: 'error', poolSize: 4 }),
      ...SERVICES.map((module) => ({ module, providers: [{ provide: RANDOM, useValue: random }] })),
    ],
  });
  await app.get(BootstrapKeys).ensureBootstrapKey({ token, name: 'test', roles: ['admin'] });
  await app.listen(0, '127.0.0.1');
  process.stdout.write(`listening at ${await app.getUrl()}\n`);
  process.on('SIGTERM', () => void app.close().then(() => process.exit(0)));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
