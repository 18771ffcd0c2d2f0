import { everyone } from '../actors.js';
import type { ObjectTable } from '../table.js';

/** Pictures are public: whoever publishes one shows it to everyone. `Image.owner` is asked like any user. */
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
    id: everyone('value'),
    url: everyone('value'),
    width: everyone('value'),
    height: everyone('value'),
    contentType: everyone('value'),
    size: everyone('value'),
    purpose: everyone('value'),
    owner: everyone('the owner'),
    createdAt: everyone('value'),
  },
};
