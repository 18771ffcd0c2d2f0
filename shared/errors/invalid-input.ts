/** One refused field: where it stands in the input, the stable code of the broken rule, and a sentence that says what is allowed. */
export interface FieldProblem {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** The tagged result of a service whose input broke its rules; nothing was changed. */
export interface InvalidInput {
  readonly kind: 'InvalidInput';
  readonly fields: readonly FieldProblem[];
}

export function invalidInput(fields: readonly FieldProblem[]): InvalidInput {
  return { kind: 'InvalidInput', fields };
}

/** `InvalidInputError` of the schema. */
export function toInvalidInputError({ fields }: InvalidInput) {
  return {
    __typename: 'InvalidInputError' as const,
    code: 'INVALID_INPUT',
    message: fields.map((field) => field.message).join(' '),
    fields: fields.map((field) => ({ __typename: 'InputFieldError' as const, ...field })),
  };
}
