import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Only entries read the environment; everything else is given its configuration. */
const entries = [
  'gateway/main.ts',
  'gateway/all-in-one.ts',
  'subgraphs/*/main.ts',
  'subgraphs/*/commands/*.ts',
  'schema/**',
  'tools/**',
  'tests/**',
  'bench/**',
  'clients/**',
];

export default defineConfig(
  globalIgnores(['**/__generated__/**', 'dist/**', 'node_modules/**', '.data/**', 'bench/results/**']),
  eslint.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `{ kind: 'closed' }` is a state, not a confusion: void expressions in arrow shorthands read well.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-console': 'error',
      eqeqeq: ['error', 'always'],
    },
  },
  {
    files: ['**/*.{ts,tsx}'],
    ignores: entries,
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only entries read the environment: take it as an argument.' },
      ],
    },
  },
  {
    files: [
      'schema/**',
      'tools/**',
      'shared/database/migrations/write-migration.ts',
      'clients/game/**',
      'bench/**',
      'gateway/**/main.ts',
      'gateway/all-in-one.ts',
    ],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.test.ts', 'tests/**'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'error' },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', setTimeout: 'readonly', clearTimeout: 'readonly', URL: 'readonly' },
    },
  },
);
