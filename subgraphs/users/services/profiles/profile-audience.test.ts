import { describe, expect, it } from '@jest/globals';
import { maximumExceptions } from '../../../../shared/graphql/sharing/sharing.js';
import { createProfileAudience } from './profile-audience.js';
import { defaultProfile, type ProfileVisibility } from './profile.js';

const ada = '01890a5d-ac96-774b-bcce-b302099a8057';
const bob = '01890a5d-ac96-774b-bcce-b302099a8058';

function create(visibilities: Readonly<Record<string, ProfileVisibility>>, blocks: Readonly<Record<string, readonly string[]>> = {}) {
  const asked: { ids: readonly string[]; limit: number }[] = [];
  const audience = createProfileAudience({
    profiles: {
      findByUserIds: (ids) =>
        Promise.resolve(
          ids.flatMap((id) => (visibilities[id] === undefined ? [] : [{ ...defaultProfile(id), visibility: visibilities[id] }])),
        ),
    },
    blocks: {
      findOtherSides: (ids, limit) => (asked.push({ ids, limit }), Promise.resolve(new Map(Object.entries(blocks)))),
    },
  });
  return { audience, asked };
}

describe('Who else sees of a profile what an anonymous caller sees', () => {
  it.each(['FRIENDS', 'NOBODY'] as const)('is nobody when it is for %s', async (visibility) => {
    expect(await create({ [ada]: visibility }).audience.of([ada])).toEqual(['asker']);
  });

  it('SECURITY 46: is not those between whom and the user there is a block', async () => {
    const { audience } = create({ [ada]: 'EVERYONE' }, { [ada]: [bob] });
    expect(await audience.of([ada, bob])).toEqual([{ everyoneBut: [bob] }, 'everyone']);
  });

  it('is everyone otherwise, also when nothing is stored and for strange ids', async () => {
    const { audience, asked } = create({ [ada]: 'EVERYONE' });
    expect(await audience.of([ada, bob, '__proto__', ada.toUpperCase()])).toEqual(['everyone', 'everyone', 'everyone', 'everyone']);
    expect(asked).toEqual([{ ids: [ada, bob], limit: maximumExceptions + 1 }]);
  });
});
