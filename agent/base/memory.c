#include "base/memory.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* What nobody may write to is as in the file, so that it can be read from there again. */
static int memory_drop_segments(struct dl_phdr_info *object, size_t size, void *context)
{
    (void)size;
    (void)context;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
            continue;
        uintptr_t first = (object->dlpi_addr + segment->p_vaddr) / page * page;
        uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;
        (void)munlock((void *)first, end - first);
        (void)madvise((void *)first, end - first, MADV_DONTNEED);
    }
    return 0;
}

void memory_drop_code(void)
{
    (void)dl_iterate_phdr(memory_drop_segments, NULL);
}

void memory_trim(void)
{
    (void)malloc_trim(0);
}
