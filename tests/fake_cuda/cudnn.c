/* The false libcudnn.so.9: its version, handles, errors and wishes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cudnn_parts.h"
#include "fake_cuda.h"

static char last_error[256];

cudnnStatus_t fake_fail(cudnnStatus_t status, const char *sentence)
{
    snprintf(last_error, sizeof last_error, "%s", sentence);
    return status;
}

const char *fake_setting(const char *word, int nth)
{
    const char *at = getenv("BRIM_FAKE_DNN");
    const size_t length = strlen(word);
    for (; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, word, length) == 0 && at[length] == '=' && nth-- == 0)
            return at + length + 1;
    return NULL;
}

/* Counts anew when BRIM_FAKE_DNN changes. */
cudnnStatus_t fake_called(const char *function)
{
    static char counted[512];
    static unsigned long calls;
    const char *settings = getenv("BRIM_FAKE_DNN"), *wish = fake_setting("fail", 0),
               *code = fake_setting("error", 0);
    if (strncmp(counted, settings ? settings : "", sizeof counted - 1) != 0) {
        snprintf(counted, sizeof counted, "%s", settings ? settings : "");
        calls = 0;
    }
    if (!wish || strncmp(wish, function, strlen(function)) != 0 || wish[strlen(function)] != '@')
        return CUDNN_STATUS_SUCCESS;
    char *end;
    const unsigned long nth = strtoul(wish + strlen(function) + 1, &end, 10);
    calls++;
    if (calls < nth || (calls > nth && strncmp(end, ":once", 5) == 0))
        return CUDNN_STATUS_SUCCESS;
    return fake_fail(code ? (cudnnStatus_t)atoi(code) : CUDNN_STATUS_EXECUTION_FAILED,
                     "BRIM_FAKE_DNN said so");
}

size_t cudnnGetVersion(void)
{
    const char *version = fake_setting("version", 0);
    return version ? strtoul(version, NULL, 10) : CUDNN_VERSION;
}

size_t cudnnGetCudartVersion(void)
{
    const char *version = fake_setting("cuda", 0);
    return version ? strtoul(version, NULL, 10) : CUDA_VERSION;
}

const char *cudnnGetErrorString(cudnnStatus_t status)
{
    switch (status) {
    case CUDNN_STATUS_SUCCESS:
        return "CUDNN_STATUS_SUCCESS";
    case CUDNN_STATUS_NOT_INITIALIZED:
        return "CUDNN_STATUS_NOT_INITIALIZED";
    case CUDNN_STATUS_BAD_PARAM:
        return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_NOT_SUPPORTED:
        return "CUDNN_STATUS_NOT_SUPPORTED";
    case CUDNN_STATUS_EXECUTION_FAILED:
        return "CUDNN_STATUS_EXECUTION_FAILED";
    default:
        return "CUDNN_STATUS_OF_ANOTHER_KIND";
    }
}

void cudnnGetLastErrorString(char *message, size_t max_size)
{
    snprintf(message, max_size, "%s", last_error);
    last_error[0] = '\0';
}

struct cudnnContext {
    cudaStream_t stream;
    int card; /* of the context in which it was made */
};

cudnnStatus_t cudnnCreate(cudnnHandle_t *handle)
{
    cudnnStatus_t status = fake_called("cudnnCreate");
    *handle = status == CUDNN_STATUS_SUCCESS ? calloc(1, sizeof **handle) : NULL;
    if (*handle)
        (*handle)->card = fake_cuda_card();
    return status;
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle)
{
    free(handle);
    return CUDNN_STATUS_SUCCESS;
}

bool fake_cudnn_at_home(cudnnHandle_t handle)
{
    return handle->card == fake_cuda_card() &&
           handle->card == fake_cuda_stream_card((CUstream)handle->stream);
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream)
{
    handle->stream = stream;
    return fake_called("cudnnSetStream");
}

cudnnStatus_t cudnnGetStream(cudnnHandle_t handle, cudaStream_t *stream)
{
    *stream = handle->stream;
    return CUDNN_STATUS_SUCCESS;
}
