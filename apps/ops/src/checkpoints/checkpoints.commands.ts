import type { Command } from 'commander';
import { JSON_OPTION, requireYes, YES_OPTION } from '../options';
import type { Column } from '../output';
import type { Runner } from '../tool';
import { checkpointStates, type CheckpointState } from './checkpoint-states';
import { groupStates, type GroupState } from './group-states';
import { resetCheckpoint } from './reset-checkpoint';

const COLUMNS: readonly Column<CheckpointState | GroupState>[] = [
  { title: 'KIND', value: ({ kind }) => kind },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'LAG EVENTS', value: (state) => (state.kind === 'group' ? state.lagMessages : state.lagEvents) },
  { title: 'LAG SECONDS', value: (state) => (state.kind === 'group' ? null : state.lagSeconds) },
  { title: 'POSITION', value: (state) => (state.kind === 'group' ? null : state.position) },
];

const ABOUT = `
Relays publish to Kafka. Consumers follow the log by themselves with BUS=direct; with BUS=kafka they are groups, whose lag is
counted in messages of a topic, and which Kafka's own tools reset. A projection's name ends with its generation.

A checkpoint is only moved back. A relay then publishes again what lies after it: subscribers tell repeats by the event's id
(stream, revision). A consumer is handed again what lies after it, and passes over what it has handled. Projections are not
reset: they are built anew (projections rebuild).`;

export function addCheckpoints(program: Command, run: Runner): void {
  const group = program.command('checkpoints').description('how far everything is that follows the log');
  group.addHelpText('after', ABOUT);
  group
    .command('list')
    .description('projections, consumers and relays with their lag')
    .option(...JSON_OPTION)
    .action(
      run(async (tool, { json }: { json?: boolean }) => {
        const groups = tool.surroundings.environment.usesKafka ? await groupStates(tool) : [];
        const states = [...(await checkpointStates(tool)), ...groups];
        tool.output.listing(states, COLUMNS, 'Nothing follows the log yet.', json);
        return 'ok';
      }),
    );
  group
    .command('reset <name>')
    .description('moves the checkpoint of a relay or consumer back')
    .requiredOption('--to <position>', 'start, or the position of an event')
    .option(...YES_OPTION)
    .action(
      run((tool, name: string, { to, yes }: { to: string; yes?: boolean }) => {
        requireYes(yes, `${name} would publish or handle again everything after ${to}.`);
        return resetCheckpoint(tool, name, to);
      }),
    );
}
