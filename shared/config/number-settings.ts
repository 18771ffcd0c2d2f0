import { z } from 'zod';

/** A number that an operator may set. */
export interface NumberSetting {
  /** Of the environment. */
  readonly variable: string;
  /** When it is not set. */
  readonly otherwise: number;
  /** 1 if left out. */
  readonly least?: number;
  readonly most: number;
  /** A share such as 0.15. Without it, only whole numbers are taken. */
  readonly isShare?: boolean;
  /** What it decides, in a sentence for operators. */
  readonly about: string;
}

type NumberSettings = Readonly<Record<string, NumberSetting>>;

/** The numbers themselves, by the same names. */
export type NumbersOf<Settings extends NumberSettings> = { readonly [Name in keyof Settings]: number };

type VariablesOf<Settings extends NumberSettings> = {
  [Name in keyof Settings as Settings[Name]['variable']]: z.ZodDefault<z.ZodType<number, string>>;
};

/** What is wrong with any other value. */
export function numberProblem({ least = 1, most, isShare = false }: NumberSetting): string {
  return `must be a ${isShare ? '' : 'whole '}number from ${least} to ${most}`;
}

/** To be spread into the schema of an entry's environment. */
export function numberVariables<Settings extends NumberSettings>(settings: Settings): VariablesOf<Settings> {
  return Object.fromEntries(Object.values(settings).map((setting) => [setting.variable, numberVariable(setting)])) as VariablesOf<Settings>;
}

function numberVariable(setting: NumberSetting): z.ZodDefault<z.ZodType<number, string>> {
  const { otherwise, least = 1, most, isShare = false } = setting;
  const problem = numberProblem(setting);
  return z
    .string()
    .regex(isShare ? /^\d{1,13}(\.\d{1,6})?$/ : /^\d{1,13}$/, problem)
    .transform(Number)
    .refine((value) => value >= least && value <= most, problem)
    .default(otherwise);
}

/** From what `numberVariables` has read. */
export function numbersOf<Settings extends NumberSettings>(
  settings: Settings,
  values: Readonly<Record<Settings[keyof Settings]['variable'], number>>,
): NumbersOf<Settings> {
  const numberOf = ({ variable }: NumberSetting): number => values[variable as keyof typeof values];
  return Object.fromEntries(Object.entries(settings).map(([name, setting]) => [name, numberOf(setting)])) as NumbersOf<Settings>;
}

/** What they are when nothing is set. */
export function defaultNumbers<Settings extends NumberSettings>(settings: Settings): NumbersOf<Settings> {
  return Object.fromEntries(Object.entries(settings).map(([name, { otherwise }]) => [name, otherwise])) as NumbersOf<Settings>;
}
