/** The page docs/map.md: from a command to its folder, its events and the read models that change. */
export function mapPage(contexts) {
  const readers = new Map();
  for (const { readModels } of contexts) {
    for (const { name, events } of readModels) {
      for (const event of events) readers.set(event, [...(readers.get(event) ?? []), name]);
    }
  }
  const readersOf = (events) => [...new Set(events.flatMap((event) => readers.get(event) ?? []))].sort();
  const sections = contexts.flatMap(({ context, commands, readModels, processes }) => [
    `## ${context}`,
    ...table(
      'Command | Folder | Events | Read models',
      commands.map(({ name, folder, events }) => [code(name), link(folder), list(events), list(readersOf(events))]),
    ),
    ...table(
      'Read model | Folder | Tables | Events in',
      readModels.map(({ name, folder, tables, events }) => [code(name), link(folder), list(tables), list(events)]),
    ),
    ...(processes.length > 0
      ? ['Process managers (events in, commands out):', processes.map((path) => `- ${link(path)}`).join('\n')]
      : []),
  ]);
  return [
    '# Map of the code',
    'From a command to the folder that handles it, the events it can lead to, and the read models that follow them. Made from the sources by `npm run map`; CI compares.',
    ...sections,
    '',
  ].join('\n\n');
}

function table(head, rows) {
  if (rows.length === 0) return [];
  const columns = head.split(' | ');
  const lines = [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [lines.join('\n')];
}

const code = (text) => `\`${text}\``;
const list = (names) => names.map(code).join(', ');
const link = (path) => `[${path.split('/').slice(-1)[0]}](../${path})`;
