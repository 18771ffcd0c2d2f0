import { everyone, type Expected } from '../actors.js';
import type { FieldEntry, ObjectTable, Way } from '../table.js';

const fields = (sees: (outcome: string) => Expected): Readonly<Record<string, FieldEntry>> => ({
  id: sees('value'),
  url: sees('value'),
  width: sees('value'),
  height: sees('value'),
  contentType: sees('value'),
  size: sees('value'),
  purpose: sees('GALLERY'),
  owner: sees('the owner'),
  createdAt: sees('value'),
});

/** The gallery is public: whoever publishes there shows the picture to everyone, and `Image.owner` is asked like any user. */
export const image: ObjectTable = {
  ways: {
    'in the public gallery': {
      query: '{ images(first: 100) { nodes { owner { id } ...Asked } } }',
      path: ['images', 'nodes', ownedByOwner],
    } satisfies Way,
  },
  fields: fields(everyone),
};

function ownedByOwner({ owner: shown }: Readonly<Record<string, unknown>>, { owner }: { owner: { id: string } }): boolean {
  return (shown as { id: string }).id === owner.id;
}
