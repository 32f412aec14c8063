/* safetensors files: an 8-byte header length, a JSON header, raw tensors. Read with every bound checked, written
 * atomically. https://github.com/huggingface/safetensors describes the format. */
#ifndef BRIM_EXCHANGE_SAFETENSORS_H
#define BRIM_EXCHANGE_SAFETENSORS_H

#include "exchange/tensors.h"

/* Reads a whole file. ERROR_INPUT for anything malformed: overlapping or out-of-range offsets, holes, sizes that do
 * not match shape and dtype, duplicate names, a header over 16 MB. The file's former content is not given back. */
BrimStatus brim_safetensors_load(BrimTensorFile *file, const char *path);
BrimStatus brim_safetensors_parse(BrimTensorFile *file, const char *name, const void *data, size_t bytes);

/* Writes tensors and metadata atomically, tensors in the order given. */
BrimStatus brim_safetensors_save(const BrimTensorFile *file, const char *path);

/* Fills a tensor's bytes. */
typedef BrimStatus (*BrimTensorSource)(void *self, const BrimHostTensor *tensor, void *data);

/* The same for tensors that are only declared: source gives the bytes of one after the other, so that no more than the
 * largest is in memory. */
BrimStatus brim_safetensors_stream(const BrimTensorFile *file, BrimTensorSource source, void *self, const char *path);

#endif
