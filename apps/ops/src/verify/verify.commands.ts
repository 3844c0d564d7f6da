import type { Command } from 'commander';
import { WrongUsage } from '../failures';
import { JSON_OPTION, seconds } from '../options';
import type { Runner } from '../tool';
import { verifyAudience } from './verify-audience';
import { verifyLog } from './verify-log';
import { verifyProjection } from './verify-projection';

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export function addVerify(program: Command, run: Runner): void {
  const group = program
    .command('verify')
    .description('audits what is recorded; changes nothing; exit 1 where it is wrong');
  group
    .command('log')
    .description('reads the whole log: its hash, order of positions, gaps in streams')
    .option('--other <url>', 'another log that must be the same, like a copy')
    .option(...JSON_OPTION)
    .action(run((tool, options: { other?: string; json?: boolean }) => verifyLog(tool, options)));
  group
    .command('audience <campaignId>')
    .description('assigns every batch of an audience again from its recorded seed and compares')
    .option(...JSON_OPTION)
    .action(
      run((tool, campaignId: string, { json }: { json?: boolean }) => {
        if (!UUID.test(campaignId)) throw new WrongUsage(`${campaignId} is no id of a campaign: it must be a UUID`);
        return verifyAudience(tool, campaignId.toLowerCase(), json);
      }),
    );
  group
    .command('projection <context.name>')
    .description('compares a rebuild that is held back (projections rebuild --hold) with the live one, row by row')
    .option('--wait <seconds>', 'how long to wait for both to be at one position', seconds, 30)
    .option(...JSON_OPTION)
    .action(
      run((tool, name: string, options: { json?: boolean; wait: number }) => verifyProjection(tool, name, options)),
    );
}
