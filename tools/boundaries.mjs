/**
 * `npm run boundaries`: shows that the boundary rules of ESLint are alive. Each case is put, in memory, in the place of a
 * real file and must be refused by the named rule; each lawful one must pass. (A rule of which nothing is ever seen to be
 * refused may have been switched off by a missing project graph or a moved folder.)
 */
import { ESLint } from 'eslint';
import { ROOT, run } from './process.mjs';

const MODULES = '@nx/enforce-module-boundaries';
const IMPORTS = 'no-restricted-imports';
const SYNTAX = 'no-restricted-syntax';
const TYPES_ONLY = '@typescript-eslint/no-restricted-imports';
const uses = (name) => `import * as used from '${name}';\nexport const proof: unknown = used;\n`;

const REFUSED = [
  ['domain takes no Nest', 'libs/campaigns/domain/src/index.ts', uses('@nestjs/common'), MODULES],
  ['domain takes no database', 'libs/segments/domain/src/index.ts', uses('pg'), MODULES],
  ['domain takes no ORM', 'libs/audiences/domain/src/index.ts', uses('typeorm'), MODULES],
  ['events take no database', 'libs/segments/events/src/index.ts', uses('typeorm'), MODULES],
  ['pure libraries take no database', 'libs/segmentation/src/index.ts', uses('pg'), MODULES],
  ['domain takes no other context', 'libs/campaigns/domain/src/index.ts', uses('@muster/segments-events'), MODULES],
  ['domain takes no infrastructure', 'libs/campaigns/domain/src/index.ts', uses('@muster/aggregates'), MODULES],
  ['domain calls no validator', 'libs/campaigns/domain/src/index.ts', uses('@muster/contracts/validation'), TYPES_ONLY],
  ['domain takes no store', 'libs/campaigns/domain/src/index.ts', uses('@muster/event-store'), MODULES],
  ['events take no domain', 'libs/campaigns/events/src/index.ts', uses('@muster/campaigns-domain'), MODULES],
  ['events take no other events', 'libs/campaigns/events/src/index.ts', uses('@muster/segments-events'), MODULES],
  ['the kernel takes nothing', 'libs/kernel/src/index.ts', uses('@muster/contracts'), MODULES],
  ['contracts take no events', 'libs/contracts/src/index.ts', uses('@muster/segments-events'), MODULES],
  ['a port takes no adapter', 'libs/event-store/port/src/index.ts', uses('@muster/event-store-postgres'), MODULES],
  ['a port takes no database', 'libs/event-store/port/src/index.ts', uses('pg'), MODULES],
  ['shared code takes no context', 'libs/platform/src/index.ts', uses('@muster/segments-events'), MODULES],
  ['services meet in the contracts', 'libs/campaigns/service/src/index.ts', uses('@muster/segments-service'), MODULES],
  ['a service takes no other domain', 'libs/insights/service/src/index.ts', uses('@muster/segments-domain'), MODULES],
  ['a service takes no adapter', 'libs/campaigns/service/src/index.ts', uses('@muster/event-store-postgres'), MODULES],
  [
    'only projections take foreign events',
    'libs/campaigns/service/src/index.ts',
    uses('@muster/segments-events'),
    IMPORTS,
  ],
  ['nobody takes an app', 'libs/platform/src/index.ts', uses('../../../apps/standalone/src/main'), MODULES],
  ['a tool takes no service', 'apps/ops/src/main.ts', uses('@muster/campaigns-service'), MODULES],
  ['projects meet by name', 'libs/campaigns/domain/src/index.ts', uses('../../../kernel/src/index'), MODULES],
  ['test code is for specs', 'libs/campaigns/service/src/index.ts', uses('@muster/embedded/testing'), IMPORTS],
  ['time comes in', 'libs/campaigns/domain/src/index.ts', 'export const at = new Date();\n', SYNTAX],
  ['time comes in', 'libs/kernel/src/index.ts', 'export const at = Date.now();\n', SYNTAX],
  ['chance comes in', 'libs/assignment/src/index.ts', 'export const dice = Math.random();\n', SYNTAX],
  [
    'ids come in',
    'libs/campaigns/events/src/index.ts',
    "import { randomUUID } from 'node:crypto';\nexport const id = randomUUID();\n",
    SYNTAX,
  ],
  ['names say what', 'libs/platform/src/index.ts', 'export class CampaignManager {}\n', SYNTAX],
  ['no I-prefix', 'libs/platform/src/index.ts', 'export interface ICampaign {\n  id: string;\n}\n', SYNTAX],
];

const LAWFUL = [
  ['domain takes its own events', 'libs/campaigns/domain/src/index.ts', uses('@muster/campaigns-events')],
  ['insights takes every event', 'libs/insights/service/src/index.ts', uses('@muster/segments-events')],
  ['a service takes the platform', 'libs/campaigns/service/src/index.ts', uses('@muster/platform')],
  ['a tool takes the rules', 'apps/ops/src/main.ts', uses('@muster/audiences-domain')],
  [
    'an instant that came in',
    'libs/campaigns/domain/src/index.ts',
    'export const at = (text: string): Date => new Date(text);\n',
  ],
];

run('nx', ['show', 'projects', '--json'], { quiet: true });
const eslint = new ESLint({ cwd: ROOT });
const rulesBroken = async (file, text) => {
  const [result] = await eslint.lintText(text, { filePath: file });
  return (result?.messages ?? []).map(({ ruleId, message }) => ruleId ?? message);
};

let wrong = 0;
for (const [name, file, text, rule] of REFUSED) {
  const broken = await rulesBroken(file, text);
  if (broken.includes(rule)) continue;
  wrong++;
  console.error(`not refused: ${name} (${file}, ${rule}; found ${broken.join(', ') || 'nothing'})`);
}
for (const [name, file, text] of LAWFUL) {
  const broken = (await rulesBroken(file, text)).filter((rule) => [MODULES, IMPORTS, SYNTAX].includes(rule));
  if (broken.length === 0) continue;
  wrong++;
  console.error(`refused, but lawful: ${name} (${file}, ${broken.join(', ')})`);
}
console.log(`${REFUSED.length + LAWFUL.length - wrong} boundaries hold, ${wrong} do not`);
process.exitCode = wrong === 0 ? 0 : 1;
