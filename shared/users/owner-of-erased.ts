import { NIL } from 'uuid';

/** Who owns what must outlive an erased user for a while, such as a session whose end other processes have yet to hear of: nobody. */
export const ownerOfErased = NIL;
