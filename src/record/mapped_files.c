#include "record/mapped_files.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/memory.h"

enum { SLOTS_FIRST = 256, FILES_MAX = 1 << 20 };

void mapped_files_done(struct mapped_files *files)
{
	free(files->slots);
	*files = (struct mapped_files){ 0 };
}

bool mapped_file_is_here(const char *path, const struct perf_mmap *mmap)
{
	struct stat status;

	return mmap->inode && stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
	       status.st_ino == mmap->inode &&
	       ((uint64_t)major(status.st_dev) << 32 | minor(status.st_dev)) == mmap->device;
}

char *mapped_file_path(const struct perf_mmap *mmap)
{
	return x_asprintf("/proc/%d/map_files/%llx-%llx", mmap->pid,
			  (unsigned long long)mmap->start,
			  (unsigned long long)(mmap->start + mmap->length));
}

static struct mapped_file *slot_of(const struct mapped_files *files, uint64_t hash)
{
	uint32_t i = (uint32_t)(hash >> 32) & files->slot_mask;

	while (files->slots[i].hash && files->slots[i].hash != hash)
		i = (i + 1) & files->slot_mask;
	return &files->slots[i];
}

static void grow(struct mapped_files *files)
{
	struct mapped_files larger = { .count = files->count };
	uint32_t slot_count = files->slots ? (files->slot_mask + 1) * 2 : SLOTS_FIRST;

	larger.slots = x_calloc(slot_count, sizeof(*larger.slots));
	larger.slot_mask = slot_count - 1;
	for (uint32_t i = 0; files->slots && i <= files->slot_mask; i++)
		if (files->slots[i].hash)
			*slot_of(&larger, files->slots[i].hash) = files->slots[i];
	free(files->slots);
	*files = larger;
}

static struct image *open_mapped(const struct perf_mmap *mmap, const char *path)
{
	auto_free char *mapped = mapped_file_path(mmap);
	struct image *image = NULL;
	struct stat status;
	auto_error struct error *error = NULL;

	if (mapped_file_is_here(path, mmap))
		error = image_open(path, &image);
	else if (stat(mapped, &status) == 0 && S_ISREG(status.st_mode))
		error = image_open(mapped, &image);
	return error ? NULL : image;
}

static struct build_id read_build_id(const struct perf_mmap *mmap)
{
	auto_free char *path = x_strndup(mmap->path.ptr, mmap->path.len);
	struct image *image = open_mapped(mmap, path);
	struct build_id id = { .size_bytes = 0 };

	if (image)
		id = image->build_id;
	image_free(image);
	return id;
}

const struct build_id *mapped_files_build_id(struct mapped_files *files,
					     const struct perf_mmap *mmap, bool *ret_is_first)
{
	uint64_t hash = str_hash(mmap->path) ^
			(mmap->inode + mmap->device + (mmap->inode_generation << 24)) *
				UINT64_C(0x9e3779b97f4a7c15);
	struct mapped_file *slot;

	*ret_is_first = false;
	hash += hash == 0;
	/* 4 = PROT_EXEC */
	if (!(mmap->protection & 4) || !str_starts_with(mmap->path, STR("/")) ||
	    str_starts_with(mmap->path, STR("//")))
		return NULL;
	if (!files->slots || files->count * 4 > files->slot_mask * UINT64_C(3))
		grow(files);
	slot = slot_of(files, hash);
	if (!slot->hash) {
		if (files->count >= FILES_MAX)
			return NULL;
		*slot = (struct mapped_file){ hash, read_build_id(mmap) };
		files->count++;
		*ret_is_first = true;
	}
	return slot->build_id.size_bytes ? &slot->build_id : NULL;
}
