import type { z } from 'zod';

const types: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'settings with names',
  record: 'settings with names',
};

/** What is wrong with a setting, in words for who wrote it. */
export function problemText(issue: z.core.$ZodIssue): string {
  // Zod's own words are for who wrote the schema; other messages are ours.
  if (!/^Invalid (input|option)/.test(issue.message)) return lowerFirst(issue.message);
  if (issue.code === 'invalid_value') return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
  const type = issue.code === 'invalid_type' ? types[issue.expected] : undefined;
  if (type !== undefined) return `must be ${type}`;
  return lowerFirst(issue.message);
}

function lowerFirst(message: string): string {
  return message.replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase());
}
