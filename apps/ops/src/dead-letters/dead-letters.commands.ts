import type { FoundLetter } from '@muster/messaging-kafka';
import type { Command } from 'commander';
import { JSON_OPTION, requireYes, YES_OPTION } from '../options';
import { counted, short, type Column } from '../output';
import type { Runner, Tool, Verdict } from '../tool';
import { handledSince } from './handled-since';
import { bodyOf, letterWith, openBox, waiting } from './letters';

type ListedLetter = Omit<FoundLetter, 'message'>;

const COLUMNS: readonly Column<ListedLetter>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'TIME', value: ({ time }) => time.toISOString() },
  { title: 'CONSUMER', value: ({ consumer }) => consumer },
  { title: 'TOPIC', value: ({ topic }) => topic },
  { title: 'OFFSET', value: ({ partition, offset }) => `${String(partition)}/${offset}` },
  { title: 'KEY', value: ({ key }) => key },
  { title: 'STATE', value: ({ outcome }) => outcome ?? 'waits' },
  { title: 'REASON', value: ({ reason }) => short(reason) },
];

const ABOUT = `
A message that a consumer cannot read (no event, of a wrong schema, of a version that is newer than its code) is put into the
topic muster.dead-letters.v1, byte by byte, and the consumer goes on. Mend the reason first, then:

retry publishes the message again where it came from, with a header (muster-only-for) by which every other consumer of Muster
passes it by; subscribers outside see a repeat, which its id tells. Where it still cannot be read it is a new letter. It comes
behind what was published since, so a consumer that has handled a later event of the same stream takes it for a repeat: such a
letter is refused here where that can be seen. drop notes that nobody wants it.

What was done is a record in the same topic. Nothing is taken away: retention does that after 14 days.`;

export function addDeadLetters(program: Command, run: Runner): void {
  const group = program.command('dead-letters').description('messages that a consumer could not read');
  group.addHelpText('after', ABOUT);
  group
    .command('list')
    .description('those that wait; exit 1 where there are any')
    .option('--all', 'also those that were retried or dropped')
    .option(...JSON_OPTION)
    .action(run((tool, options: { all?: boolean; json?: boolean }) => list(tool, options)));
  group
    .command('show <id>')
    .description('the message as it came, with its headers, as JSON')
    .action(run((tool, id: string) => show(tool, id)));
  group
    .command('retry <id...>')
    .description('publishes messages again for the consumer that could not read them')
    .action(run((tool, ids: string[]) => retry(tool, ids)));
  group
    .command('drop <id...>')
    .description('notes that messages are not wanted any more')
    .option(...YES_OPTION)
    .action(run((tool, ids: string[], { yes }: { yes?: boolean }) => drop(tool, ids, yes)));
}

async function list(tool: Tool, { all, json }: { all?: boolean; json?: boolean }): Promise<Verdict> {
  const letters = await openBox(tool).letters();
  const wanted = letters.filter(({ outcome }) => all === true || outcome === undefined);
  const listed = wanted.map(({ message: _, ...letter }): ListedLetter => letter);
  tool.output.listing(listed, COLUMNS, 'No dead letter waits.', json);
  return letters.some(({ outcome }) => outcome === undefined) ? 'problem' : 'ok';
}

async function show(tool: Tool, id: string): Promise<Verdict> {
  const letter = letterWith(await openBox(tool).letters(), id);
  const { message, ...rest } = letter;
  const headers = Object.fromEntries(
    Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
  );
  tool.output.json({ ...rest, headers, body: bodyOf(letter) });
  return 'ok';
}

async function retry(tool: Tool, ids: readonly string[]): Promise<Verdict> {
  const box = openBox(tool);
  let verdict: Verdict = 'ok';
  for (const letter of waiting(await box.letters(), ids)) {
    const passedOver = await handledSince(tool, letter);
    if (passedOver !== undefined) {
      tool.output.note(`${letter.id} is not published again: ${passedOver}, and would be passed over as a repeat.`);
      verdict = 'problem';
      continue;
    }
    await box.retry(letter);
    tool.output.line(`${letter.id}: published again in ${letter.topic} for ${letter.consumer}.`);
  }
  return verdict;
}

async function drop(tool: Tool, ids: readonly string[], yes: boolean | undefined): Promise<Verdict> {
  requireYes(yes, `${counted(ids.length, 'dead letter')} would never be handled; see them with dead-letters show.`);
  const box = openBox(tool);
  for (const letter of waiting(await box.letters(), ids)) {
    await box.drop(letter);
    tool.output.line(`${letter.id}: dropped.`);
  }
  return 'ok';
}
