import type { FieldEntry, ObjectTable } from '../table.js';

/** Pictures are for whoever may read their owner's profile, and for nobody past a block. `Image.owner` is asked like any user. */
const seen = (value: string): FieldEntry => ({
  EVERYONE: { others: value, blocked: 'nobody', blocker: 'nobody' },
  FRIENDS: { owner: value, friend: value, others: 'nobody' },
  NOBODY: { owner: value, others: 'nobody' },
});

export const image: ObjectTable = {
  ways: {
    'in the public gallery': {
      query: '{ images(first: 100) { nodes { owner { id } ...Asked } } }',
      path: ['images', 'nodes', ({ owner: shown }, { owner }) => (shown as { id: string }).id === owner.id],
    },
    'as an avatar': {
      query: 'query ($id: ID!) { user(id: $id) { avatar { ...Asked } } }',
      variables: ({ owner }) => ({ id: owner.id }),
      path: ['user', 'avatar'],
    },
  },
  fields: {
    id: seen('value'),
    url: seen('value'),
    width: seen('value'),
    height: seen('value'),
    contentType: seen('value'),
    size: seen('value'),
    purpose: seen('value'),
    owner: seen('the owner'),
    createdAt: seen('value'),
  },
};
