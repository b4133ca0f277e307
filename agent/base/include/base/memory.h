/* Giving memory back to the system. Neither call changes what the process holds: it only costs the time to get
 * the memory again. */
#ifndef KEYTURN_BASE_MEMORY_H
#define KEYTURN_BASE_MEMORY_H

/* Once, when everything is started: unlock and let go of the code and symbol tables of the program and its
 * libraries. Most of it only starting needs (relocations, initialisers); what runs on comes back from the
 * page cache as it is used. There is never a secret in it. */
void memory_drop_code(void);

/* After work that took much memory: what was freed goes back where it can. Takes a millisecond or so, and the
 * allocator's locks. (Of memory that is locked as a whole only the end of the heap goes.) */
void memory_trim(void);

#endif
