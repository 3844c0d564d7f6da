/** `npm run map`: writes docs/map.md from the sources; `--check` compares. */
import { ROOT } from './process.mjs';
import { mapPage } from './map/map-page.mjs';
import { readContexts } from './map/sources.mjs';
import { writePage } from './page.mjs';

const check = process.argv.includes('--check');
const current = await writePage('docs/map.md', mapPage(readContexts(ROOT)), { check, command: 'npm run map' });
process.exitCode = current ? 0 : 1;
