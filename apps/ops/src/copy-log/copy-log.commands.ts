import type { Command } from 'commander';
import { requireYes, YES_OPTION } from '../options';
import type { Runner } from '../tool';
import { copy, type CopyOptions } from './copy';

const ABOUT = `
Addresses: postgres://user:password@host:5432/database or esdb://user:password@host:2113. The target is empty or what an
earlier run of this copy has left; nobody else writes to it. Stopped at any moment, the same call goes on. At the end the
target is read back and compared. Streams, revisions, ids, times and order stay; positions are the new log's own.

1. copy-log --from OLD --to NEW           while the services run, as often as you like
2. stop the services
3. copy-log --from OLD --to NEW --finish  copies the rest, moves the checkpoints of relays and consumers to the same events,
                                          and has read models built anew (they go on showing what they have until then)
4. start the services on the new log (EVENT_STORE, EVENTSTOREDB_URL)

--finish needs DATABASE_URL. Cursors of pages and feeds that clients hold begin anew.`;

export function addCopyLog(program: Command, run: Runner): void {
  program
    .command('copy-log')
    .description('moves the log to another event store')
    .requiredOption('--from <url>', 'the log to copy')
    .requiredOption('--to <url>', 'where to')
    .option('--checkpoint <file>', 'where it keeps how far it is', 'muster-copy.json')
    .option('--finish', 'copy the rest and move everything that follows the log')
    .option(...YES_OPTION)
    .addHelpText('after', ABOUT)
    .action(
      run((tool, options: CopyOptions & { readonly yes?: boolean }) => {
        if (options.finish === true) {
          requireYes(options.yes, 'Everything that follows the old log would be moved to the new one.');
        }
        return copy(tool, options);
      }),
    );
}
