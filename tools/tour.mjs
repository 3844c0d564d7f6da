#!/usr/bin/env node
// The main way through Muster against a running instance, each request with its answer: `npm run tour -- --help`.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { bankLikeCsv, fieldsOfCsv } from './tour/csv.mjs';
import { Client, fail } from './tour/client.mjs';
import { printTable } from './tour/print.mjs';

const { values: options } = parseArgs({
  options: {
    url: { type: 'string', default: process.env.MUSTER_URL ?? 'http://127.0.0.1:3000' },
    key: { type: 'string' },
    csv: { type: 'string' },
    profiles: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(`npm run tour -- [--url URL] [--key KEY] [--csv FILE[.gz]] [--profiles N] [--seed N]

Walks through Muster over HTTP: profiles from a CSV, a segment, a campaign with an exactly stratified control group,
its audience, one profile's history, and the audience as it was. Without --csv it makes a file of --profiles
rows from --seed. A file of your own needs the columns age, balance, default, marital and education.
The key is --key, MUSTER_KEY, or the development key that npm start keeps in .muster/development-key.`);
  process.exit(0);
}

const key =
  options.key ?? process.env.MUSTER_KEY ?? (await readFile('.muster/development-key', 'utf8').catch(() => ''));
if (key.trim() === '') fail('No API key: start Muster with npm start in this folder, or give --key.');
const muster = new Client(options.url, key.trim());

const csv = options.csv ? await readCsv(options.csv) : bankLikeCsv(Number(options.profiles), Number(options.seed));
const fields = fieldsOfCsv(csv);

muster.step('Create a profile database');
const database = await muster.post('/profile-databases', { name: `Tour ${new Date().toISOString()}`, fields });
const { databaseId } = database;

muster.step('Import the CSV; the row number is the external id');
const started = await muster.upload(`/profile-databases/${databaseId}/imports?mode=upsert&rowNumber=true`, csv);
const imported = await muster.until(`/imports/${started.importId}`, ({ state }) =>
  ['completed', 'failed'].includes(state),
);
if (imported.state !== 'completed') fail(`The import ended as ${imported.state}.`);

muster.step('Preview a selection: between 25 and 60, in credit, not in default');
const condition = {
  all: [
    { field: 'age', op: 'between', value: { from: 25, to: 60 } },
    { field: 'balance', op: 'gt', value: 0 },
    { field: 'default', op: 'eq', value: false },
  ],
};
const preview = await muster.post('/segments/preview', { databaseId, condition });

muster.step('Create a static segment and fill it by these conditions');
const segment = await muster.post('/segments', {
  databaseId,
  name: 'In credit',
  kind: 'static',
  condition,
  fill: true,
});
const { segmentId } = segment;
const run = await muster.until(`/segments/${segmentId}/runs/${segment.runId}`, ({ state }) => state !== 'in_progress');
if (run.found !== preview.count) fail(`The run found ${run.found}, the preview ${preview.count}.`);

muster.step('What values do the fields for the strata have?');
const strata = [];
for (const field of ['marital', 'education']) {
  const { values } = await muster.get(`/profile-databases/${databaseId}/fields/${field}/values`);
  strata.push({
    field,
    buckets: values.filter(({ value }) => value !== null).map(({ value }) => ({ values: [value] })),
  });
}

muster.step('Create a campaign: 15 % local control group, stratified by marital status x education');
const campaign = await muster.post('/campaigns', {
  name: 'Spring offers',
  databaseId,
  segmentId,
  lcg: { percent: 15 },
  stratification: { fields: strata },
});
const { campaignId } = campaign;

muster.step('Give it an activity');
await muster.post(`/campaigns/${campaignId}/activities`, { kind: 'broadcast', name: 'Spring mail' });

muster.step('Activate it and watch the build of the audience');
const { buildId } = await muster.post(`/campaigns/${campaignId}/activation`, {});
await muster.watch(`/audiences/${campaignId}/builds/${buildId}/events`);
await muster.until(`/campaigns/${campaignId}`, ({ status }) => status === 'active');

muster.step('Counts by stratum: control is the floor or the ceiling of 15 % in each');
const audience = await muster.until(`/insights/audiences/${campaignId}`, ({ members }) => members === run.found, {
  quiet: true,
});
printTable(
  audience.strata
    .filter(({ assigned }) => assigned > 0)
    .map(({ label, assigned, control }) => ({
      stratum: label,
      profiles: assigned,
      '15 %': (assigned * 0.15).toFixed(2),
      control,
    })),
);
for (const { label, assigned, control } of audience.strata) {
  if (Math.abs(control * 10_000 - assigned * 1_500) >= 10_000) fail(`${label}: ${control} of ${assigned} is not 15 %.`);
}

muster.step('Page through the audience by group');
await muster.get(`/insights/audiences/${campaignId}/members?group=test&limit=3`);
const page = await muster.get(`/insights/audiences/${campaignId}/members?group=control&limit=3`);

muster.step("One profile's history, with the reason for its group");
const [chosen] = page.items;
await muster.get(`/insights/profiles/${databaseId}/${encodeURIComponent(chosen.externalId)}/history`);

muster.step('Remove three profiles from the segment: they leave the campaign');
const remove = page.items.map(({ externalId }) => externalId);
await muster.post(`/segments/${segmentId}/members`, { remove });
await muster.until(`/insights/audiences/${campaignId}`, ({ members }) => members === run.found - remove.length, {
  quiet: true,
});
await muster.get(`/insights/profiles/${databaseId}/${encodeURIComponent(chosen.externalId)}/history`);

muster.step('Complete the campaign: everyone leaves');
const before = new Date().toISOString();
await muster.post(`/campaigns/${campaignId}/completion`, {});
await muster.until(`/campaigns/${campaignId}`, ({ status }) => status === 'completed');
const after = await muster.until(`/insights/audiences/${campaignId}`, ({ members }) => members === 0, { quiet: true });
console.log(`   now: ${after.members} members`);

muster.step(`The audience as of ${before}, a moment before that`);
const asOf = await muster.get(`/insights/audiences/${campaignId}?asOf=${before}`, { quiet: true });
console.log(`   then: ${asOf.members} members, ${asOf.test} test, ${asOf.control} control`);
if (asOf.members !== run.found - remove.length) fail('The audience of the past is not what it was.');

console.log(`\nDone: ${imported.rows.accepted} profiles, ${run.found} in the segment, every stratum exact.`);

async function readCsv(file) {
  const bytes = await readFile(file);
  return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8');
}
