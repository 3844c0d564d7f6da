import type { Command } from 'commander';
import { JSON_OPTION, seconds } from '../options';
import { short, type Column } from '../output';
import type { Runner } from '../tool';
import { projectionStates, type ProjectionState } from './projection-states';
import { askForRebuild, cancel, swap, type RebuildOptions } from './rebuild';

const COLUMNS: readonly Column<ProjectionState>[] = [
  { title: 'PROJECTION', value: ({ context, name }) => `${context}.${name}` },
  { title: 'VERSION', value: ({ version }) => version },
  { title: 'GENERATION', value: ({ generation }) => generation },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'LAG EVENTS', value: ({ lagEvents }) => lagEvents },
  { title: 'LAG SECONDS', value: ({ lagSeconds }) => lagSeconds },
  { title: 'POSITION', value: ({ position }) => position },
  { title: 'ERROR', value: ({ error }) => short(error) },
];

const ABOUT = `
A rebuild fills the next generation of a read model beside the live one, in the process that owns the projection: this
tool only asks for it, and may do so while no service runs. Readers see the live one until the next has caught up and
takes its place. With --hold it is kept up to date without being shown, until swap or cancel.

States: live; stopped (the error says why; a restart or a rebuild tries again); building; held; asked (no process has
begun it); failed (the rebuild was given up; the live one is untouched).`;

export function addProjections(program: Command, run: Runner): void {
  const group = program.command('projections').description('read models: how far they are, and building them anew');
  group.addHelpText('after', ABOUT);
  group
    .command('list')
    .description('every generation with its lag; exit 1 where one is stopped or failed')
    .option(...JSON_OPTION)
    .action(
      run(async (tool, { json }: { json?: boolean }) => {
        const states = await projectionStates(tool);
        tool.output.listing(states, COLUMNS, 'There are no projections yet.', json);
        return states.some(({ state }) => state === 'stopped' || state === 'failed') ? 'problem' : 'ok';
      }),
    );
  group
    .command('lag')
    .description('seconds that each live read model is behind; exit 1 above --max-seconds')
    .option('--max-seconds <n>', 'the most that is right', seconds, 60)
    .option(...JSON_OPTION)
    .action(
      run(async (tool, { maxSeconds, json }: { maxSeconds: number; json?: boolean }) => {
        const live = (await projectionStates(tool)).filter(({ state }) => state === 'live' || state === 'stopped');
        const lags = live.map(({ context, name, lagSeconds }) => ({ projection: `${context}.${name}`, lagSeconds }));
        if (json) tool.output.json(lags);
        else for (const { projection, lagSeconds } of lags) tool.output.line(`${projection} ${String(lagSeconds)}`);
        return lags.some(({ lagSeconds }) => (lagSeconds ?? 0) > maxSeconds) ? 'problem' : 'ok';
      }),
    );
  group
    .command('rebuild <context.name>')
    .description('builds a read model anew from the first event, beside the live one')
    .option('--hold', 'keep it up to date without showing it, until swap')
    .option('--wait <seconds>', 'wait until it is shown, or with --hold until it has caught up', seconds)
    .action(run((tool, name: string, options: RebuildOptions) => askForRebuild(tool, name, options)));
  group
    .command('swap <context.name>')
    .description('shows what was held back')
    .option('--wait <seconds>', 'wait until it is shown', seconds)
    .action(run((tool, name: string, options: RebuildOptions) => swap(tool, name, options)));
  group
    .command('cancel <context.name>')
    .description('gives up a rebuild that was asked for; the live generation stays')
    .action(run((tool, name: string) => cancel(tool, name)));
}
