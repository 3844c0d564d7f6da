import type { Command } from 'commander';
import { JSON_OPTION, requireYes, YES_OPTION } from '../options';
import { counted, short, type Column } from '../output';
import type { Runner, Tool, Verdict } from '../tool';
import { findParked, parkedEntries, parkedEvents, storageOf, type ParkedEntry } from './parked-entries';
import { filedFor, PARKED_WORK, refuseDrop, retryWork } from './parked-work';

const COLUMNS: readonly Column<ParkedEntry>[] = [
  { title: 'CONSUMER', value: ({ consumer }) => consumer },
  { title: 'KEY', value: ({ key }) => key },
  { title: 'EVENTS', value: ({ events }) => events },
  { title: 'ATTEMPTS', value: ({ attempts }) => attempts },
  { title: 'SINCE', value: ({ since }) => since?.toISOString() },
  { title: 'RETRY', value: ({ retryAt }) => (retryAt instanceof Date ? retryAt.toISOString() : retryAt) },
  { title: 'REASON', value: ({ reason }) => short(reason) },
];

const ABOUT = `
A consumer that fails at an event five times sets it and all later events of its key aside, in order, and goes on with other
keys. retry hands them to it again: what succeeds is done, the first that fails again waits with what follows. drop gives the
events of the key up for good; what comes later is delivered. Both are done within a second by the process that consumes.

${PARKED_WORK}: what was filed for audiences and what one of them cannot take, by <campaign>/<source stream>. It is tried
again by itself, at most a minute later; retry does it now. It cannot be dropped: an audience that left out a change would
not be its segment's any more.`;

export function addParked(program: Command, run: Runner): void {
  const group = program.command('parked').description('events that a consumer failed at, and what waits behind them');
  group.addHelpText('after', ABOUT);
  group
    .command('list')
    .description('keys that are set aside; exit 1 where there are any')
    .option(...JSON_OPTION)
    .action(
      run(async (tool, { json }: { json?: boolean }) => {
        const entries = await parkedEntries(tool);
        tool.output.listing(entries, COLUMNS, 'Nothing is set aside.', json);
        return entries.length === 0 ? 'ok' : 'problem';
      }),
    );
  group
    .command('show <consumer> <key>')
    .description('the events of a key as they came, as JSON')
    .action(run((tool, consumer: string, key: string) => show(tool, consumer, key)));
  group
    .command('retry <consumer> <key>')
    .description('hands the events of a key to the consumer again')
    .action(run((tool, consumer: string, key: string) => retry(tool, consumer, key)));
  group
    .command('drop <consumer> <key>')
    .description('gives the events of a key up for good')
    .option(...YES_OPTION)
    .action(run((tool, consumer: string, key: string, { yes }: { yes?: boolean }) => drop(tool, consumer, key, yes)));
}

async function show(tool: Tool, consumer: string, key: string): Promise<Verdict> {
  const entry = await findParked(tool, consumer, key);
  const events = consumer === PARKED_WORK ? await filedFor(tool, key) : await parkedEvents(tool, consumer, key);
  tool.output.json({ ...entry, events });
  return 'ok';
}

async function retry(tool: Tool, consumer: string, key: string): Promise<Verdict> {
  const { events } = await findParked(tool, consumer, key);
  if (consumer === PARKED_WORK) await retryWork(tool, key);
  else await (await storageOf(tool, consumer)).requestRetry(consumer, key);
  tool.output.line(`${consumer} ${key}: ${counted(events, 'event')} will be tried again.`);
  await sayWhoDoesIt(tool, consumer);
  return 'ok';
}

async function drop(tool: Tool, consumer: string, key: string, yes: boolean | undefined): Promise<Verdict> {
  const { events } = await findParked(tool, consumer, key);
  if (consumer === PARKED_WORK) refuseDrop(key);
  requireYes(yes, `${consumer} would never handle ${counted(events, 'event')} of ${key}; see them with parked show.`);
  const given = await (await storageOf(tool, consumer)).drop(consumer, key);
  tool.output.line(`${consumer} ${key}: ${counted(given, 'event')} given up.`);
  return 'ok';
}

async function sayWhoDoesIt({ surroundings, output }: Tool, consumer: string): Promise<void> {
  const context = consumer.split('.', 1)[0] ?? '';
  if (!(await surroundings.running()).includes(context)) {
    output.note(`No process of ${context} is running now: it begins when one does.`);
  }
}
