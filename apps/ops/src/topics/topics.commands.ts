import { applyTopics } from '@muster/messaging-kafka';
import type { Command } from 'commander';
import { JSON_OPTION } from '../options';
import { counted, type Column } from '../output';
import type { Runner, Tool, Verdict } from '../tool';
import { kafkaAdmin } from './kafka-admin';
import { topicStates, type TopicState } from './topic-states';

const COLUMNS: readonly Column<TopicState>[] = [
  { title: 'TOPIC', value: ({ topic }) => topic },
  { title: 'PARTITIONS', value: ({ partitions }) => partitions },
  { title: 'COPIES', value: ({ copies }) => copies },
  { title: 'MIN IN SYNC', value: ({ minInsyncReplicas }) => minInsyncReplicas },
  { title: 'DAYS', value: ({ retentionDays }) => retentionDays },
  { title: 'STATE', value: ({ state }) => state },
];

const ABOUT = `
Every topic that Muster publishes or reads is declared in its code; services create none. They wait, and say so, until all are
as declared. How safe they must be is KAFKA_REPLICATION_FACTOR (default 3) and KAFKA_MIN_INSYNC_REPLICAS (default 2).

apply creates what is missing and raises retention, copies in sync and the size of messages where they are too low; what is
higher stays. A topic with other partitions, fewer copies or another cleanup policy is refused before anything is changed: with
other partitions keys would lose their order.`;

export function addTopics(program: Command, run: Runner): void {
  const group = program.command('topics').description('the topics of Kafka: as declared, or not');
  group.addHelpText('after', ABOUT);
  group
    .command('list')
    .description('every declared topic as the cluster has it')
    .option(...JSON_OPTION)
    .action(
      run(async (tool, { json }: { json?: boolean }) => {
        tool.output.listing(await topicStates(tool), COLUMNS, 'No topic is declared.', json);
        return 'ok';
      }),
    );
  group
    .command('check')
    .description('what is missing or not as declared; exit 1 where anything is')
    .option(...JSON_OPTION)
    .action(run((tool, { json }: { json?: boolean }) => check(tool, json ?? false)));
  group
    .command('apply')
    .description('creates topics that are missing and mends what may be mended')
    .action(run((tool) => apply(tool)));
}

async function check(tool: Tool, json: boolean): Promise<Verdict> {
  const states = await topicStates(tool);
  const differences = states.flatMap((state) => state.differences);
  if (json) tool.output.json(differences);
  else if (differences.length === 0) tool.output.line(`All ${counted(states.length, 'topic')} are as declared.`);
  else for (const difference of differences) tool.output.line(difference);
  return differences.length === 0 ? 'ok' : 'problem';
}

async function apply(tool: Tool): Promise<Verdict> {
  const { topics: safety } = tool.surroundings.environment.kafka;
  const { created, mended } = await applyTopics(await kafkaAdmin(tool), safety);
  for (const name of created) tool.output.line(`${name}: created`);
  for (const difference of mended) tool.output.line(`mended: ${difference}`);
  if (created.length + mended.length === 0) tool.output.line('All topics are as declared already.');
  return 'ok';
}
