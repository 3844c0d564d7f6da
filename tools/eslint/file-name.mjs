import { basename } from 'node:path';

const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*\.ts$/;
const EMPTY_WORDS = /(^|[-.])(services?|managers?|helpers?|utils?|common|impl)\./;

/** A file is named after what is in it, in kebab-case: no service, manager, helper, utils, common or impl. */
export const fileName = {
  meta: { type: 'suggestion', schema: [], messages: { name: '{{why}}' } },
  create(context) {
    return {
      Program(node) {
        const why = wrongName(basename(context.filename));
        if (why) context.report({ node, messageId: 'name', data: { why } });
      },
    };
  },
};

/** Why a file may not be called so, or undefined. */
export function wrongName(name) {
  if (!KEBAB.test(name)) return `File names are kebab-case with a role: ${name}`;
  if (EMPTY_WORDS.test(name)) return `Name the file after what it does: ${name}`;
  return undefined;
}
