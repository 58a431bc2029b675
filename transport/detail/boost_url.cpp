// Boost.URL is used header-only: this is the one place its bodies compile.
#include <boost/url/src.hpp>
