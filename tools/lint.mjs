/**
 * `npm run lint`: ESLint and Prettier over the tree, or over the given paths. The boundary rule reads Nx's project graph
 * and is skipped, with a mere warning, when there is none: it is made first.
 */
import { run } from './process.mjs';

const paths = process.argv.slice(2);
const targets = paths.length > 0 ? paths : ['.'];

run('nx', ['show', 'projects', '--json'], { quiet: true });
run('eslint', ['--max-warnings', '0', '--no-warn-ignored', ...targets]);
run('prettier', ['--check', '--log-level', 'warn', '--ignore-unknown', ...targets]);
