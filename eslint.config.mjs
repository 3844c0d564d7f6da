import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import { fileName } from './tools/eslint/file-name.mjs';
import { dependencyRules, specDependencyRules } from './tools/eslint/boundaries.mjs';

const CONTEXTS = ['access', 'audiences', 'campaigns', 'insights', 'segments'];
const SPECS = ['**/*.spec.ts', 'apps/*/test/**/*.ts', '**/*.fixture.ts', '**/testing/**/*.ts', '**/testing.ts'];
/** Libraries in which time, ids and chance come in with the command. */
const PURE = [
  'libs/{kernel,profile-set,segmentation,assignment,statistics,contracts}/src/**/*.ts',
  'libs/*/{domain,events}/src/**/*.ts',
];

const NAMES = [
  {
    selector: ':matches(ClassDeclaration, FunctionDeclaration)[id.name=/(Service|Manager|Helper|Utils?|Impl)$/]',
    message: 'Name what it does: no Service, Manager, Helper, Utils or Impl.',
  },
  {
    selector: ':matches(TSInterfaceDeclaration, TSTypeAliasDeclaration)[id.name=/^I[A-Z][a-z]/]',
    message: 'No I-prefix.',
  },
];

const IMPURE = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Time comes in with the command.' },
  { selector: "CallExpression[callee.name='Date']", message: 'Time comes in with the command.' },
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: 'Time comes in with the command.' },
  { selector: "MemberExpression[object.name='performance']", message: 'Time comes in with the command.' },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'Chance comes in as a seed.' },
  {
    selector: 'MemberExpression[property.name=/^(randomUUID|getRandomValues)$/]',
    message: 'Ids come in with the command.',
  },
  {
    selector: "ImportDeclaration[source.value='node:crypto'] ImportSpecifier[imported.name=/^random/]",
    message: 'Ids and seeds come in with the command.',
  },
];

const TEST_ONLY = {
  group: ['@muster/*/testing', '@muster/*-testing', '@nestjs/testing', 'fast-check', 'supertest'],
  message: 'For specs only.',
};

/** Another context's events are read by projections, and nothing else of it by anybody. */
const foreignEvents = CONTEXTS.map((context) => ({
  files: [`libs/${context}/service/src/**/*.ts`],
  ignores: ['libs/*/service/src/read-models/**', ...SPECS, ...(context === 'insights' ? ['**'] : [])],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          TEST_ONLY,
          {
            group: CONTEXTS.filter((other) => other !== context).map((other) => `@muster/${other}-events`),
            message: "Another context's events are for projections (src/read-models); processes use @muster/contracts.",
          },
        ],
      },
    ],
  },
}));

/** Domain code may speak of the shared values (types) and calls nothing of the contracts. */
const contractTypesOnly = {
  files: ['libs/*/domain/src/**/*.ts'],
  ignores: SPECS,
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          { group: ['@muster/contracts', '@muster/contracts/*'], allowTypeImports: true, message: 'Types only.' },
        ],
      },
    ],
  },
};

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      '**/node_modules/',
      '**/coverage/',
      '.nx/',
      '.muster/',
      'infra/kafka/',
      '**/*.cjs',
      'apps/console/',
    ],
  },
  // No suppressions: a directive in a comment does nothing and is reported.
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx, muster: { rules: { 'file-name': fileName } } },
    rules: {
      '@nx/enforce-module-boundaries': ['error', dependencyRules],
      'muster/file-name': 'error',
      'no-restricted-syntax': ['error', ...NAMES],
      'no-restricted-imports': ['error', { patterns: [TEST_ONLY] }],
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 450, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // A loop with an index is what typed arrays are fast with.
      '@typescript-eslint/prefer-for-of': 'off',
      // A DTO is a class for its decorators only: answers are plain objects of its shape.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // Rows and JSON are of the type that the caller says: `query<Row>(...)`.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // A command without data has the data {}.
      '@typescript-eslint/no-generated-empty-object-type': 'off',
      // An async function turns its own throw into a rejection: a reason of its own.
      '@typescript-eslint/require-await': 'off',
      // Index access is checked (noUncheckedIndexedAccess): `!` states what a bound has already shown.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  ...foreignEvents.filter(({ ignores }) => !ignores.includes('**')),
  contractTypesOnly,
  { files: PURE, ignores: SPECS, rules: { 'no-restricted-syntax': ['error', ...NAMES, ...IMPURE] } },
  {
    files: [...SPECS, 'bench/**/*.ts', 'libs/event-store/testing/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': ['error', specDependencyRules],
      'no-restricted-imports': 'off',
      // Answers of supertest and rows of pg are `any`; a spec asserts their shape.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  { files: ['bench/**/*.ts', 'examples/**/*.ts', 'tools/**'], rules: { 'no-console': 'off' } },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        AbortController: 'readonly',
        AbortSignal: 'readonly',
        Buffer: 'readonly',
        Headers: 'readonly',
        Request: 'readonly',
        Response: 'readonly',
        TextDecoder: 'readonly',
        TextDecoderStream: 'readonly',
        TextEncoder: 'readonly',
        URL: 'readonly',
        URLSearchParams: 'readonly',
        clearInterval: 'readonly',
        clearTimeout: 'readonly',
        console: 'readonly',
        fetch: 'readonly',
        performance: 'readonly',
        process: 'readonly',
        setImmediate: 'readonly',
        setInterval: 'readonly',
        setTimeout: 'readonly',
        structuredClone: 'readonly',
      },
    },
  },
);
