/**
 * What graphql says of a faulty document or variable, without the values in it: clients log error messages, and the value may be a
 * password that stands in the wrong place (SECURITY 52). Names of types, fields and variables stay, since they tell what to put right.
 * Any other message is left as it is.
 */
export function withoutValues(message: string): string {
  const variable = /^Variable "\$(\w+)" got invalid value /.exec(message)?.[1];
  if (variable !== undefined) return describeVariable(variable, message);
  for (const [pattern, replacement] of literals) {
    if (pattern.test(message)) return message.replace(pattern, replacement);
  }
  return message;
}

/** The rules of graphql 16 that quote what they refuse. */
const literals: readonly (readonly [RegExp, string])[] = [
  [/^Expected value of type "([^"]+)", found [\s\S]*$/, 'Expected a value of type "$1".'],
  [/^Enum "(\w+)" cannot represent [\s\S]*$/, 'Expected a value of the enum "$1".'],
  [/^Value "[\s\S]*" does not exist in "(\w+)" enum\.[\s\S]*$/, 'Expected a value of the enum "$1".'],
  [/^(\w+) cannot represent [\s\S]*$/, 'Expected a value of type "$1".'],
  [/^(Syntax Error: [^"]*\b(?:String|BlockString|Int|Float)) "[\s\S]*$/, '$1.'],
];

/** What can stand at the end of the message, after the value, which is quoted before it and maybe once more within. */
const ends: readonly (readonly [RegExp, string])[] = [
  [/(?:^|; )(Expected (?:non-nullable )?type "[^"]+" (?:to be an object|not to be null)\.)$/, ' $1'],
  [/(?:^|; )(Field "\w+" of required type "[^"]+" was not provided\.)$/, ' $1'],
  [/(?:^|; )(Field "\w+" is not defined by type "[^"]+"\.)(?: Did you mean [^?]*\?)?$/, ' $1'],
  [/(?:^|; )Value "[\s\S]*" does not exist in "(\w+)" enum\.(?: Did you mean [^?]*\?)?$/, ' Expected a value of the enum "$1".'],
  [/(?:^|; )Enum "(\w+)" cannot represent non-string value: [\s\S]*$/, ' Expected a value of the enum "$1".'],
  [/(?:^|; )([A-Z]\w*) cannot represent [a-z0-9 -]+: [\s\S]*$/, ' Expected a value of type "$1".'],
  [/(?:^|; )Expected type "(\w+)"\.(?: [\s\S]*)?$/, ' Expected a value of type "$1".'],
];

function describeVariable(name: string, message: string): string {
  // In the value, a quote is escaped.
  const place = [...message.matchAll(/ at "([\w.[\]]+)"; /g)].at(-1)?.[1];
  return describeMisfit(name, place, message);
}

/** That what was given for a variable at `place`, such as `input.tags[2]`, does not fit; `message` is graphql's, or ends with it after `; `. */
export function describeMisfit(variable: string, place: string | undefined, message: string): string {
  const end = ends.map(([pattern, text]) => pattern.exec(message)?.[0].replace(pattern, text)).find((text) => text !== undefined) ?? '';
  return `Variable "$${variable}" got an invalid value${place === undefined ? '' : ` at "${place}"`}.${end}`;
}
