/* limit_requests URL PARALLEL SECONDS HEADER_FILE: what libcurl's multi interface
 * does in one thread, in requests per second. HEADER_FILE holds one header. */
#include "load.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t drop(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    (void)context;
    return size * count;
}

static struct curl_slist *header_of(const char *path)
{
    char line[1024];
    FILE *file = fopen(path, "re");
    if (!file || !fgets(line, sizeof line, file))
        load_fail(path);
    line[strcspn(line, "\n")] = '\0';
    (void)fclose(file);
    return curl_slist_append(NULL, line);
}

static CURL *easy_of(const char *url, struct curl_slist *headers)
{
    CURL *easy = curl_easy_init();
    if (!easy)
        load_fail("libcurl");
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    return easy;
}

/* Each easy handle that ended starts again; the number of those that ended. */
static unsigned long start_again(CURLM *multi, bool again)
{
    unsigned long ended = 0;
    int left = 0;
    for (CURLMsg *message = curl_multi_info_read(multi, &left); message;
         message = curl_multi_info_read(multi, &left)) {
        CURL *easy = message->easy_handle;
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        if (message->data.result != CURLE_OK || status != 200) {
            (void)fprintf(stderr, "a request ended with status %ld, %s\n", status,
                          curl_easy_strerror(message->data.result));
            exit(1);
        }
        ended++;
        curl_multi_remove_handle(multi, easy);
        if (again)
            curl_multi_add_handle(multi, easy);
    }
    return ended;
}

static double run(CURLM *multi, double seconds)
{
    int running = 1;
    unsigned long count = 0;
    double start = load_now();
    while (running > 0) {
        bool again = load_now() < start + seconds;
        if (curl_multi_perform(multi, &running) != CURLM_OK)
            load_fail("libcurl");
        unsigned long ended = start_again(multi, again);
        count += ended;
        running += again ? (int)ended : 0;
        if (running > 0 && ended == 0)
            curl_multi_poll(multi, NULL, 0, 100, NULL);
    }
    return (double)count / (load_now() - start);
}

int main(int argc, char **argv)
{
    enum { MOST = 1024 };
    static CURL *easies[MOST];
    if (argc < 5 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return 2;
    int parallel = (int)strtol(argv[2], NULL, 10);
    if (parallel < 1 || parallel > MOST)
        return 2;
    CURLM *multi = curl_multi_init();
    struct curl_slist *headers = header_of(argv[4]);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)parallel);
    for (int i = 0; i < parallel; i++) {
        easies[i] = easy_of(argv[1], headers);
        curl_multi_add_handle(multi, easies[i]);
    }
    printf("%.0f\n", run(multi, strtod(argv[3], NULL)));
    for (int i = 0; i < parallel; i++)
        curl_easy_cleanup(easies[i]);
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    curl_global_cleanup();
    return 0;
}
