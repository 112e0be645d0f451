// Opens a library, with the variant named or the best, and says which it is.
#include <qopt/model.h>
int main(int argc, char **argv) {
  char text[256];
  qopt_handle handle;
  qopt_options options = {0};
  options.isa = argc > 2 ? argv[2] : NULL;
  options.num_threads = 1;
  int status = qopt_load(argv[1], &options, &handle, text, sizeof text);
  puts(status ? text : handle.api->isa(handle.model));
  if (!status)
    qopt_unload(&handle);
  return status != 0;
}
