/**
 * Keeps the test and control group of every campaign in a file, from Muster's feed over HTTP. Node 20 and `roaring-wasm`:
 *
 *     MUSTER_URL=http://127.0.0.1:3000 MUSTER_KEY=mk_... node subscriber.mjs audiences.json
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { RoaringArenaAllocator, RoaringBitmap32 } from 'roaring-wasm';

const { MUSTER_URL: url = 'http://127.0.0.1:3000', MUSTER_KEY: key = '' } = process.env;
const [file = 'audiences.json'] = process.argv.slice(2);
const WANTED = 'contexts=audiences';

/** The cursor and what was made of all that lies before it, always kept together: then each event has its effect once. */
let state = { cursor: '', audiences: {} };

const set = (base64 = '') =>
  base64 === '' ? new RoaringBitmap32() : RoaringBitmap32.deserialize('portable', Buffer.from(base64, 'base64'));
const text = (bitmap) => Buffer.from(bitmap.serialize('portable')).toString('base64');

/** What each document and event does to the groups of its campaign. Others pass by. */
const EFFECTS = {
  'muster.audiences.AudienceMembersSnapshot.v1': enter,
  'muster.audiences.ProfilesEnteredCampaign.v1': enter,
  'muster.audiences.ProfilesLeftCampaign.v1': (groups, { profiles }) => {
    groups.test.andNotInPlace(set(profiles));
    groups.control.andNotInPlace(set(profiles));
  },
  'muster.audiences.ProfilesChangedGroup.v1': (groups, { profiles }) => {
    groups.control.andNotInPlace(set(profiles));
    groups.test.orInPlace(set(profiles));
  },
};

function enter(groups, { profiles, control }) {
  groups.test.orInPlace(set(profiles));
  groups.test.andNotInPlace(set(control));
  groups.control.orInPlace(set(control));
}

function take({ type, data }) {
  const effect = EFFECTS[type];
  if (!effect) return;
  // Bitmaps of roaring-wasm lie outside of what is collected: all that are made in here are let go at its end.
  RoaringArenaAllocator.with(() => {
    const known = state.audiences[data.campaignId];
    const groups = { test: set(known?.test), control: set(known?.control) };
    effect(groups, data);
    state.audiences[data.campaignId] = { test: text(groups.test), control: text(groups.control) };
    console.log(`${data.campaignId}: ${groups.test.size} in test, ${groups.control.size} in control`);
  });
}

/** A database would do the same in one transaction. */
async function keep() {
  await writeFile(`${file}.new`, JSON.stringify(state));
  await rename(`${file}.new`, file);
}

class Gone extends Error {}

/** Asks until it is answered; throws {@link Gone} for a cursor that is none any more, and what no repeat would mend. */
async function ask(path) {
  for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 2, 30_000)) {
    const response = await fetch(`${url}/api/v1/${path}`, { headers: { authorization: `Bearer ${key}` } }).catch(
      (error) => ({ status: 503, text: () => String(error.cause ?? error) }),
    );
    if (response.status === 200) return response.json();
    const problem = await response.text();
    if (response.status === 410) throw new Gone(problem);
    if (response.status < 500 && response.status !== 429) throw new Error(`${path}: ${response.status} ${problem}`);
    console.error(`${response.status}, again in ${pauseMs} ms: ${problem}`);
    await sleep(pauseMs);
  }
}

/** Everything as it is now. */
async function begin() {
  state = { cursor: '', audiences: {} };
  for (let cursor = ''; state.cursor === '';) {
    const page = await ask(`feed/snapshot?${WANTED}${cursor}`);
    page.items.forEach(take);
    state.cursor = page.feedCursor ?? '';
    cursor = `&cursor=${page.nextCursor}`;
  }
  await keep();
}

/** What has come since, or comes in half a minute. */
async function goOn() {
  const page = await ask(`feed?${WANTED}&waitSeconds=30&after=${state.cursor}`);
  page.items.forEach(take);
  state.cursor = page.nextCursor;
  await keep();
}

state = await readFile(file, 'utf8').then(JSON.parse, () => state);
for (;;) {
  try {
    await (state.cursor === '' ? begin() : goOn());
  } catch (error) {
    if (!(error instanceof Gone)) throw error;
    console.error(`beginning anew: ${error.message}`);
    state.cursor = '';
  }
}
