/** Installs what the lockfile says, unless it is installed already. */
import { ensureInstalled, requireNode } from './install.mjs';

requireNode();
console.log(ensureInstalled() ? 'installed' : 'already installed');
