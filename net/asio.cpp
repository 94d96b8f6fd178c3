// The compiled part of Asio and Beast (BOOST_*_SEPARATE_COMPILATION): once for the whole program.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
