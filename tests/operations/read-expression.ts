export interface ReadExpression {
  readonly selected: readonly { readonly metric: string; readonly labels: readonly string[] }[];
  /** Labels that are left: those of `by`. */
  readonly grouped: readonly string[];
}

const words = new Set(['by', 'bool', 'and', 'or', 'unless', 'on', 'ignoring', 'offset']);

/** As much of PromQL as stands in our expressions: functions, selectors, `by`. */
export function readExpression(expression: string): ReadExpression {
  const withoutTexts = expression.replaceAll(/"[^"]*"/g, '""').replaceAll(/\[[^\]]*\]/g, '');
  const grouped = [...withoutTexts.matchAll(/\bby \(([\w, ]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  );
  const rest = withoutTexts.replaceAll(/\bby \([\w, ]*\)/g, '');
  const selected = [...rest.matchAll(/(?<![\w.$])([a-zA-Z_]\w*)\s*(\{[^}]*\}|\()?/g)].flatMap(([, metric = '', next = '']) => {
    if (next === '(' || words.has(metric)) return [];
    return [{ metric, labels: [...next.matchAll(/(\w+)(?:=~|!~|!=|=)/g)].map(([, label = '']) => label) }];
  });
  return { selected, grouped };
}
